import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useCallback, useState } from "react";

import { GateList } from "@/features/evaluations/GateList";
import { OnlineList } from "@/features/evaluations/online/OnlineList";
import { runsQuery, type Run } from "@/features/evaluations/queries";
import { RunTable } from "@/features/evaluations/RunTable";
import { ScheduleList } from "@/features/evaluations/schedules/ScheduleList";
import { TargetFigures } from "@/features/evaluations/TargetFigures";
import { MAX_COMPARED, viewOf, VIEWS, type EvaluationsSearch } from "@/features/evaluations/search";
import { runName, runState } from "@/features/evaluations/words";
import { hasWords } from "@/shared/format/words";
import { useMay, useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { IconButton } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { LINK_BUTTON_CLASSES, PRIMARY_LINK_CLASSES } from "@/shared/ui/LinkButton";
import { Page } from "@/shared/ui/Page";
import { SearchInput } from "@/shared/ui/SearchInput";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { toggled } from "@/shared/ui/ToggleGroup";

const FROM = "/signed-in/projects/$projectId/evaluations";

/** The evaluation runs of a project, several of which can be compared, its gates, schedules and online evaluations. */
export function EvaluationsPage() {
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/projects/$projectId/evaluations" });
  const change = useCallback(
    (part: EvaluationsSearch) =>
      void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  );
  const views = (
    <SegmentedControl
      label="View"
      options={VIEWS}
      value={search.view ?? "runs"}
      onChange={(view) => change({ view: viewOf(view) })}
    />
  );
  return (
    <Page
      title="Evaluations"
      actions={
        <>
          {views}
          <AddLink search={search} />
        </>
      }
    >
      {search.view === "gates" && <GateList />}
      {search.view === "online" && <OnlineList />}
      {search.view === "schedules" && <ScheduleList />}
      {search.view === "targets" && <TargetFigures search={search} onChange={change} />}
      {search.view === undefined && <Runs search={search} onChange={change} />}
    </Page>
  );
}

/** Adds what the view lists; a run by default. */
function AddLink({ search: { view, dataset } }: { search: EvaluationsSearch }) {
  const projectId = useProjectId();
  if (!useMay()("evaluations:run")) return null;
  const place = { params: { projectId }, className: PRIMARY_LINK_CLASSES };
  if (view === "schedules") {
    return (
      <Link to="/projects/$projectId/evaluations/_schedules/_new" {...place}>
        Add a schedule
      </Link>
    );
  }
  if (view === "online") {
    return (
      <Link to="/projects/$projectId/evaluations/_online/_new" {...place}>
        Evaluate live traffic
      </Link>
    );
  }
  return (
    <Link to="/projects/$projectId/evaluations/_new" search={{ dataset }} {...place}>
      Start a run
    </Link>
  );
}

interface RunsProps {
  search: EvaluationsSearch;
  onChange: (part: EvaluationsSearch) => void;
}

function Runs({ search, onChange }: RunsProps) {
  const query = useInfiniteQuery(runsQuery(useProjectId(), search.dataset ?? ""));
  const [selected, setSelected] = useState<readonly string[]>([]);
  const find = useCallback((q: string) => onChange({ q: q || undefined }), [onChange]);
  const runs = query.data?.pages.flatMap(({ items }) => items);
  const shown = runs?.filter((run) => matches(run, search.q ?? ""));
  return (
    <>
      <div className="flex min-h-12 flex-wrap items-center gap-x-4 gap-y-2 pb-2">
        <SearchInput label="Search runs" value={search.q ?? ""} onChange={find} />
        {search.dataset && (
          <span className="flex items-center">
            <Badge tone="accent">{search.dataset}</Badge>
            <IconButton
              label="Show runs of any dataset"
              onClick={() => onChange({ dataset: undefined })}
            >
              <X size={14} />
            </IconButton>
          </span>
        )}
        <CompareLink runs={(runs ?? []).filter(({ id }) => selected.includes(id))} />
      </div>
      {query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Found
          runs={shown}
          any={Boolean(runs?.length)}
          selected={selected}
          onSelect={(id) => setSelected(toggled(selected, id).slice(-MAX_COMPARED))}
        />
      )}
      <ShowMore query={query} />
    </>
  );
}

function matches(run: Run, q: string): boolean {
  const { id, dataset, release, author, state } = run;
  const text = [id, runName(run), dataset, release, author, runState(state).name];
  return hasWords(text.join(" "), q);
}

interface FoundProps {
  /** `undefined` while loading. */
  runs: Run[] | undefined;
  any: boolean;
  selected: readonly string[];
  onSelect: (id: string) => void;
}

function Found({ runs, any, selected, onSelect }: FoundProps) {
  if (!runs) return <SkeletonRows rows={10} />;
  if (runs.length > 0) return <RunTable runs={runs} selected={selected} onSelect={onSelect} />;
  if (any) return <EmptyState title="No runs found">Try other words.</EmptyState>;
  return (
    <EmptyState title="No runs yet">
      A run measures a release, a model or recorded outputs on a dataset:{" "}
      <code className="font-mono text-xs">
        penstock eval run DATASET --release HASH --evaluator equals
      </code>
    </EmptyState>
  );
}

/** Leads to the comparison of the selected runs; the oldest one is the baseline. */
function CompareLink({ runs }: { runs: readonly Run[] }) {
  const projectId = useProjectId();
  if (runs.length === 0) return null;
  const remark = problem(runs);
  if (remark) return <span className="ml-auto text-xs text-ink-3">{remark}</span>;
  return (
    <Link
      to="/projects/$projectId/evaluations/_compare"
      params={{ projectId }}
      search={{ run: runs.map(({ id }) => id).reverse() }}
      className={`${LINK_BUTTON_CLASSES} ml-auto`}
    >
      Compare {runs.length}
    </Link>
  );
}

function problem(runs: readonly Run[]): string {
  if (runs.length === 1) return "Select another one to compare.";
  const several = new Set(runs.map(({ dataset }) => dataset)).size > 1;
  return several ? "Runs of one dataset can be compared." : "";
}
