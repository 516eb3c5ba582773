import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { HumanLabels } from "@/features/evaluations/HumanLabels";
import { Metrics } from "@/features/evaluations/Metrics";
import { isOpen, reportQuery, runQuery, type Run } from "@/features/evaluations/queries";
import { Results } from "@/features/evaluations/Results";
import type { RunSearch } from "@/features/evaluations/search";
import { RunActions } from "@/features/evaluations/RunActions";
import { RunProgress } from "@/features/evaluations/RunProgress";
import { StateBadge } from "@/features/evaluations/RunTable";
import { Slices } from "@/features/evaluations/Slices";
import { Target } from "@/features/evaluations/Target";
import { runName } from "@/features/evaluations/words";
import { Copyable } from "@/shared/ui/Copyable";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Fact, Facts } from "@/shared/ui/Facts";
import { Notice } from "@/shared/ui/Notice";
import { QueryContent } from "@/shared/ui/QueryContent";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { Money, RelativeTime } from "@/shared/ui/Values";

const FROM = "/signed-in/projects/$projectId/evaluations/$run";

/** One evaluation run: its metrics with intervals, its slices, its results. */
export function RunPage() {
  const { projectId, run: id } = useParams({ from: FROM });
  const query = useQuery(runQuery(projectId, id));
  return (
    <DetailPage list={{ to: "/projects/$projectId/evaluations", name: "Evaluations" }}>
      <QueryContent query={query}>
        {(run) => (
          <>
            <DetailHeader
              title={runName(run)}
              note={<StateBadge run={run} />}
              actions={<RunActions run={run} />}
            />
            <RunFacts run={run} />
            {run.error && (
              <div className="pt-3">
                <Notice tone={run.state === "failed" ? "danger" : "warn"}>{run.error}</Notice>
              </div>
            )}
            <Measured run={run} />
          </>
        )}
      </QueryContent>
    </DetailPage>
  );
}

function RunFacts({ run }: { run: Run }) {
  const { projectId } = useParams({ from: FROM });
  const { cost_usd, forecast_usd } = run.progress;
  return (
    <Facts label="About">
      <Fact name="Dataset">
        <Link
          to="/projects/$projectId/datasets/$name"
          params={{ projectId, name: run.dataset }}
          search={{ version: run.version }}
          className="hover:text-accent hover:underline"
        >
          {run.dataset}
          <span className="num text-ink-3">@{run.version}</span>
        </Link>
        {run.split && <span className="text-ink-2">, split {run.split}</span>}
      </Fact>
      <Fact name="Target">
        <Target run={run} />
      </Fact>
      <Fact name="Results">
        <RunProgress run={run} />
      </Fact>
      {run.repeats > 1 && <Fact name="Repeats">{run.repeats}</Fact>}
      <Fact name="Cost">
        <Money amount={String(cost_usd)} />
        {isOpen(run) && forecast_usd !== null && (
          <span className="text-ink-2">
            {" of about "}
            <Money amount={String(forecast_usd)} />
          </span>
        )}
        {run.cost_cap_usd > 0 && (
          <span className="text-ink-3">
            , at most <Money amount={String(run.cost_cap_usd)} />
          </span>
        )}
      </Fact>
      <Fact name="Author">{run.author}</Fact>
      <Fact name="Started">
        <RelativeTime at={run.created_at} />
      </Fact>
      <Fact name="Id">
        <Copyable value={run.id} label="id" />
      </Fact>
    </Facts>
  );
}

/** The report once the run has ended, and the results as far as there are any. */
function Measured({ run }: { run: Run }) {
  const { projectId } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/projects/$projectId/evaluations/$run" });
  const change = (part: RunSearch) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const show = (selection: RunSearch) => {
    void navigate({ search: selection });
    document.getElementById("results")?.scrollIntoView();
  };
  const report = useQuery({ ...reportQuery(projectId, run), enabled: !isOpen(run) });
  const metrics = report.data?.metrics ?? [];
  return (
    <>
      <section aria-label="Metrics" className="pt-6">
        <h2 className="mb-1 text-sm font-medium">Metrics</h2>
        {isOpen(run) && (
          <p className="text-sm text-ink-2">The report is made when the run has ended.</p>
        )}
        {report.isError && <ErrorNotice error={report.error} />}
        {report.isLoading && <SkeletonRows rows={3} />}
        {report.data && <Metrics metrics={metrics} onShow={show} />}
        <HumanLabels metrics={metrics} />
      </section>
      <Slices metrics={metrics} onShow={show} />
      <Results
        run={run}
        facts={new Map(metrics.map(({ name, facts }) => [name, facts]))}
        search={search}
        onChange={change}
      />
    </>
  );
}
