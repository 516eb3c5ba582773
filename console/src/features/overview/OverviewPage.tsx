import { Page } from "@/shared/ui/Page";
import { SkeletonRows } from "@/shared/ui/Skeleton";

export function OverviewPage() {
  return (
    <Page title="Overview">
      <SkeletonRows />
    </Page>
  );
}
