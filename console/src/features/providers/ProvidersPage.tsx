import { Page } from "@/shared/ui/Page";
import { SkeletonRows } from "@/shared/ui/Skeleton";

export function ProvidersPage() {
  return (
    <Page title="Providers">
      <SkeletonRows />
    </Page>
  );
}
