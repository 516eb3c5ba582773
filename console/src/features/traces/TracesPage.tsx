import { Page } from "@/shared/ui/Page";
import { SkeletonRows } from "@/shared/ui/Skeleton";

export function TracesPage() {
  return (
    <Page title="Traces">
      <SkeletonRows />
    </Page>
  );
}
