import { Page } from "@/shared/ui/Page";
import { SkeletonRows } from "@/shared/ui/Skeleton";

export function AuditPage() {
  return (
    <Page title="Audit">
      <SkeletonRows />
    </Page>
  );
}
