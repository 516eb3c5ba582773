import { useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { ComparedItems } from "@/features/evaluations/ComparedItems";
import { Differences } from "@/features/evaluations/Differences";
import { MetricPlots } from "@/features/evaluations/MetricPlots";
import { comparisonQuery, reportQuery, runQuery, type Run } from "@/features/evaluations/queries";
import { RunLink, StateBadge } from "@/features/evaluations/RunTable";
import type { CompareSearch } from "@/features/evaluations/search";
import { SlicePicker } from "@/features/evaluations/SlicePicker";
import { Target } from "@/features/evaluations/Target";
import { runName } from "@/features/evaluations/words";
import { armColour } from "@/shared/releases/arms";
import { Badge } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Notice } from "@/shared/ui/Notice";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Menu, MenuItem } from "@/shared/ui/Menu";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { RelativeTime } from "@/shared/ui/Values";

const FROM = "/signed-in/projects/$projectId/evaluations/_compare";

/** Runs compared with the first of them: differences with intervals, then items, worst first. */
export function CompareRunsPage() {
  const { projectId } = useParams({ from: FROM });
  const { run: ids } = useSearch({ from: FROM });
  const queries = useQueries({ queries: ids.map((id) => runQuery(projectId, id)) });
  const runs = queries.flatMap(({ data }) => data ?? []);
  const failed = queries.find(({ isError }) => isError);
  return (
    <DetailPage list={{ to: "/projects/$projectId/evaluations", name: "Evaluations" }}>
      <DetailHeader title="Compare runs" />
      {ids.length < 2 && (
        <EmptyState title="Nothing to compare">Select two or more runs in the list.</EmptyState>
      )}
      {failed && <QueryContent query={failed}>{() => null}</QueryContent>}
      {ids.length > 1 &&
        !failed &&
        (runs.length < ids.length ? <SkeletonRows /> : <Compared runs={runs} />)}
    </DetailPage>
  );
}

/** `runs`: two or more, the baseline first. */
function Compared({ runs }: { runs: readonly Run[] }) {
  const { projectId } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/projects/$projectId/evaluations/_compare" });
  const change = (part: Partial<CompareSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const comparison = useQuery(comparisonQuery(projectId, search.run));
  const reports = useQueries({ queries: runs.map((run) => reportQuery(projectId, run)) });
  const loaded = reports.flatMap(({ data }) => data ?? []);
  const metrics = loaded.flatMap((report) => report.metrics);
  const facts = new Map(metrics.map(({ name, facts: found }) => [name, found]));
  const [baseline, ...candidates] = runs;
  const candidate = candidates.find(({ id }) => id === search.candidate) ?? candidates[0];
  if (!baseline || !candidate) return null;
  const selection = { metric: search.metric, slice: search.slice, order: search.order };
  const chooser = (
    <>
      {candidates.length > 1 && (
        <Menu trigger={<Button kind="quiet">Run: {runName(candidate)}</Button>}>
          {candidates.map((run) => (
            <MenuItem
              key={run.id}
              checked={run.id === candidate.id}
              onSelect={() => change({ candidate: run.id })}
            >
              {runName(run)}
            </MenuItem>
          ))}
        </Menu>
      )}
      <SlicePicker reports={loaded} selection={selection} onSelect={change} />
    </>
  );
  return (
    <>
      <RunList runs={runs} />
      <section aria-label="Differences" className="pt-8">
        <h2 className="mb-1 text-sm font-medium">Differences to {runName(baseline)}</h2>
        <QueryContent query={comparison}>
          {({ differences, warnings }) => (
            <>
              {warnings.map((warning) => (
                <div key={warning} className="pb-2">
                  <Notice tone="warn">{warning}</Notice>
                </div>
              ))}
              {loaded.length === runs.length && (
                <MetricPlots runs={runs} reports={loaded} differences={differences} />
              )}
              <Differences
                differences={differences}
                candidates={candidates}
                facts={facts}
                onSelect={change}
              />
            </>
          )}
        </QueryContent>
      </section>
      <ComparedItems
        baseline={baseline}
        candidate={candidate}
        facts={facts}
        selection={selection}
        onSelect={change}
        chooser={chooser}
      />
    </>
  );
}

function RunList({ runs }: { runs: readonly Run[] }) {
  return (
    <ul aria-label="Runs" className="border-y border-line py-1.5">
      {runs.map((run, index) => (
        <li key={run.id} className="flex min-h-8 flex-wrap items-center gap-x-3 text-sm">
          <span
            aria-hidden
            className="size-2 rounded-xs"
            style={{ background: index ? `var(${armColour(index - 1)})` : "var(--ink-3)" }}
          />
          <RunLink run={run} />
          {index === 0 && <Badge>baseline</Badge>}
          {run.state !== "done" && <StateBadge run={run} />}
          <span className="text-ink-2">
            {run.dataset}
            <span className="num text-ink-3">@{run.version}</span>
          </span>
          <Target run={run} />
          <span className="ml-auto text-xs text-ink-3">
            <RelativeTime at={run.created_at} />
          </span>
        </li>
      ))}
    </ul>
  );
}
