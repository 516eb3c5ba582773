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
import type { Selection } from "@/features/evaluations/search";
import { SelectionChips } from "@/features/evaluations/SelectionChips";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";

interface ComparedItemsProps {
  baseline: Run;
  candidate: Run;
  facts: ReadonlyMap<string, MetricFacts>;
  selection: Selection;
  onSelect: (part: Selection) => void;
  /** Chooses the candidate and the slice. */
  chooser: ReactNode;
}

const ORDERS = [
  { value: "worst", name: "Worst first" },
  { value: "best", name: "Best first" },
] as const;

/** The items that two runs share, those first on which the candidate is worst. */
export function ComparedItems(props: ComparedItemsProps) {
  const { baseline, candidate, facts, selection, onSelect, chooser } = props;
  const query = useInfiniteQuery(
    regressionsQuery(useProjectId(), baseline.id, candidate.id, selection),
  );
  const pages = query.data?.pages.map(({ items }) => items);
  return (
    <section id="items" aria-label="Items" className="scroll-mt-4 pt-8">
      <div className="mb-1 flex flex-wrap items-center gap-x-4 gap-y-1">
        <h2 className="text-sm font-medium">Items</h2>
        <SegmentedControl
          label="Order"
          options={ORDERS}
          value={selection.order ?? "worst"}
          onChange={(order) => onSelect({ order: order === "best" ? order : undefined })}
        />
        {chooser}
        <SelectionChips search={selection} onChange={onSelect} />
      </div>
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <SkeletonRows />}
      {pages?.every((page) => page.length === 0) && (
        <EmptyState
          title={
            selection.metric
              ? `No item differs in ${selection.metric}`
              : "No item was measured in both runs"
          }
        />
      )}
      <ul aria-label="Compared items" className={cx(query.isPlaceholderData && "opacity-60")}>
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

interface PageEntriesProps extends Pick<ComparedItemsProps, "baseline" | "candidate" | "facts"> {
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
