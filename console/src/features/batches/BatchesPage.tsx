import { useInfiniteQuery } from "@tanstack/react-query";

import { BatchTable } from "@/features/batches/BatchTable";
import { batchesQuery } from "@/features/batches/queries";
import { useProjectId } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { Page } from "@/shared/ui/Page";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";

/** The batches that keys of the project have made: how far each is, and what it has cost. */
export function BatchesPage() {
  return (
    <Page title="Batches">
      <BatchList />
    </Page>
  );
}

function BatchList() {
  const query = useInfiniteQuery(batchesQuery(useProjectId()));
  if (query.isPending) return <SkeletonRows rows={8} />;
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  const batches = query.data.pages.flatMap((page) => page.items);
  if (batches.length === 0) {
    return (
      <EmptyState title="No batches yet">
        Applications make batches with <span className="font-mono text-xs">POST /v1/batches</span>.
        The server follows each to its end and records its requests as calls.
      </EmptyState>
    );
  }
  return (
    <>
      <BatchTable batches={batches} />
      <ShowMore query={query} />
    </>
  );
}
