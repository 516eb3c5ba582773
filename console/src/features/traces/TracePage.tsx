import { Page } from "@/shared/ui/Page";
import { SkeletonRows } from "@/shared/ui/Skeleton";

export function TracePage() {
  return (
    <Page title="Trace">
      <SkeletonRows />
    </Page>
  );
}
