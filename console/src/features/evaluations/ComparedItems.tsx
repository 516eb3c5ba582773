import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { ComparedItemEntry } from "@/features/evaluations/ComparedItemEntry";
import {
  itemsQuery,
  regressionsQuery,
  type ComparedItem,
  type MetricFacts,
  type Run,
} from "@/features/evaluations/queries";
import { useProjectId } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";

interface ComparedItemsProps {
  baseline: Run;
  candidate: Run;
  facts: ReadonlyMap<string, MetricFacts>;
  /** Chooses the candidate, if there are several. */
  chooser: ReactNode;
}

/** The items that two runs share, those first on which the candidate is worst. */
export function ComparedItems({ baseline, candidate, facts, chooser }: ComparedItemsProps) {
  const query = useInfiniteQuery(regressionsQuery(useProjectId(), baseline.id, candidate.id));
  const pages = query.data?.pages.map(({ items }) => items);
  return (
    <section aria-label="Items" className="pt-8">
      <div className="mb-1 flex flex-wrap items-center gap-x-4 gap-y-1">
        <h2 className="text-sm font-medium">Items, worst first</h2>
        {chooser}
      </div>
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <SkeletonRows />}
      {pages?.every((page) => page.length === 0) && (
        <EmptyState title="No item was measured in both runs" />
      )}
      <ul aria-label="Compared items">
        {pages?.map((page, index) => (
          <PageEntries
            key={index}
            baseline={baseline}
            candidate={candidate}
            facts={facts}
            page={page}
          />
        ))}
      </ul>
      <ShowMore query={query} />
    </section>
  );
}

interface PageEntriesProps extends Omit<ComparedItemsProps, "chooser"> {
  page: readonly ComparedItem[];
}

/** The entries of one page; its items are fetched at once. */
function PageEntries({ baseline, candidate, facts, page }: PageEntriesProps) {
  const ids = page.map(({ item_id }) => item_id);
  const items = useQuery(itemsQuery(useProjectId(), candidate, ids)).data;
  return page.map((compared) => (
    <ComparedItemEntry
      key={compared.item_id}
      compared={compared}
      item={items?.get(compared.item_id)}
      runs={[baseline, candidate]}
      facts={facts}
    />
  ));
}
