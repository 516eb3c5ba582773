import { Page } from "@/shared/ui/Page";
import { SkeletonRows } from "@/shared/ui/Skeleton";

export function MembersPage() {
  return (
    <Page title="Members">
      <SkeletonRows />
    </Page>
  );
}
