import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import {
  itemsQuery,
  resultsQuery,
  type Item,
  type MetricFacts,
  type Result,
  type ResultState,
  type Run,
} from "@/features/evaluations/queries";
import { ResultRow } from "@/features/evaluations/ResultRow";
import { useProjectId } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { FROM_MD, HeadCell, Table, TableHead } from "@/shared/ui/Table";

const STATES = [
  { value: "", name: "All" },
  { value: "measured", name: "Measured" },
  { value: "rejected", name: "Rejected" },
  { value: "failed", name: "Failed" },
];

interface ResultsProps {
  run: Run;
  /** The properties of the metrics by name, as far as they are known. */
  facts: ReadonlyMap<string, MetricFacts>;
}

/** What a run answered, item by item, with the measurements of each. */
export function Results({ run, facts }: ResultsProps) {
  const [state, setState] = useState<ResultState | "">("");
  const query = useInfiniteQuery(resultsQuery(useProjectId(), run.id, state));
  const results = query.data?.pages.map(({ items }) => items);
  return (
    <section aria-label="Results" className="pt-8">
      <div className="mb-1 flex flex-wrap items-center gap-x-4 gap-y-1">
        <h2 className="text-sm font-medium">Results</h2>
        <SegmentedControl
          label="State"
          options={STATES}
          value={state}
          onChange={(next) => setState(next as ResultState | "")}
        />
      </div>
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <SkeletonRows />}
      {results && <ResultTable run={run} facts={facts} pages={results} />}
      <ShowMore query={query} />
    </section>
  );
}

interface ResultTableProps extends ResultsProps {
  pages: readonly (readonly Result[])[];
}

function ResultTable({ run, facts, pages }: ResultTableProps) {
  const metrics = run.evaluators.map(({ name }) => name);
  if (pages.every((page) => page.length === 0)) {
    return <EmptyState title="No results in this state" />;
  }
  return (
    <Table label="Results">
      <TableHead>
        <HeadCell className="w-px" />
        <HeadCell>Item</HeadCell>
        <HeadCell className={FROM_MD}>Input</HeadCell>
        <HeadCell className="w-full">Output</HeadCell>
        {metrics.map((name) => (
          <HeadCell key={name} numeric>
            {name}
          </HeadCell>
        ))}
        <HeadCell numeric className={FROM_MD}>
          Cost
        </HeadCell>
        <HeadCell className={FROM_MD} />
      </TableHead>
      <tbody>
        {pages.map((page, index) => (
          <PageRows key={index} run={run} facts={facts} page={page} metrics={metrics} />
        ))}
      </tbody>
    </Table>
  );
}

interface PageRowsProps extends ResultsProps {
  page: readonly Result[];
  metrics: readonly string[];
}

/** The rows of one page; its items are fetched at once. */
function PageRows({ run, facts, page, metrics }: PageRowsProps) {
  const ids = [...new Set(page.map(({ item_id }) => item_id))];
  const items: ReadonlyMap<string, Item> | undefined = useQuery(
    itemsQuery(useProjectId(), run, ids),
  ).data;
  return page.map((result) => (
    <ResultRow
      key={`${result.item_id} ${result.repeat}`}
      result={result}
      item={items?.get(result.item_id)}
      metrics={metrics}
      facts={facts}
      repeats={run.repeats}
    />
  ));
}
