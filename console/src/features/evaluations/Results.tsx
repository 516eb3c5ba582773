import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import {
  itemsQuery,
  resultsQuery,
  type Item,
  type MetricFacts,
  type Result,
  type Run,
} from "@/features/evaluations/queries";
import { ResultRow } from "@/features/evaluations/ResultRow";
import type { RunSearch } from "@/features/evaluations/search";
import { SelectionChips } from "@/features/evaluations/SelectionChips";
import { useProjectId } from "@/shared/session";
import { TextButton } from "@/shared/ui/Button";
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
const ORDERS = [
  { value: "", name: "In order" },
  { value: "worst", name: "Worst first" },
  { value: "best", name: "Best first" },
];

interface ResultsProps {
  run: Run;
  /** The properties of the metrics by name, as far as they are known. */
  facts: ReadonlyMap<string, MetricFacts>;
  search: RunSearch;
  onChange: (part: RunSearch) => void;
}

/** What a run answered, item by item, with the measurements of each. */
export function Results({ run, facts, search, onChange }: ResultsProps) {
  const query = useInfiniteQuery(resultsQuery(useProjectId(), run.id, search));
  const results = query.data?.pages.map(({ items }) => items);
  return (
    <section id="results" aria-label="Results" className="scroll-mt-4 pt-8">
      <div className="mb-1 flex flex-wrap items-center gap-x-4 gap-y-1">
        <h2 className="text-sm font-medium">Results</h2>
        {search.metric || search.slice ? (
          <>
            {search.metric && (
              <SegmentedControl
                label="Order"
                options={ORDERS}
                value={search.order ?? ""}
                onChange={(order) =>
                  onChange({ order: (order || undefined) as RunSearch["order"] })
                }
              />
            )}
            <SelectionChips search={search} onChange={onChange} />
          </>
        ) : (
          <SegmentedControl
            label="State"
            options={STATES}
            value={search.state ?? ""}
            onChange={(next) => onChange({ state: (next || undefined) as RunSearch["state"] })}
          />
        )}
      </div>
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <SkeletonRows />}
      {results && (
        <ResultTable
          run={run}
          facts={facts}
          pages={results}
          onSort={(metric) =>
            onChange({ ...search, metric, order: "worst", state: undefined, measured: undefined })
          }
        />
      )}
      <ShowMore query={query} />
    </section>
  );
}

interface ResultTableProps extends Pick<ResultsProps, "run" | "facts"> {
  pages: readonly (readonly Result[])[];
  /** Shows the results with the worst values of a metric. */
  onSort: (metric: string) => void;
}

function ResultTable({ run, facts, pages, onSort }: ResultTableProps) {
  const metrics = run.evaluators.map(({ name }) => name);
  if (pages.every((page) => page.length === 0)) {
    return <EmptyState title="No such results" />;
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
            <TextButton title={`Worst by ${name} first`} onClick={() => onSort(name)}>
              {name}
            </TextButton>
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

interface PageRowsProps extends Pick<ResultsProps, "run" | "facts"> {
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
