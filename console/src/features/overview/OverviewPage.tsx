import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";

import { autoPresetQuery } from "@/features/overview/autoRange";
import { Breakdown } from "@/features/overview/Breakdown";
import { CacheSummary } from "@/features/overview/CacheSummary";
import { Charts } from "@/features/overview/Charts";
import { KeyMetrics } from "@/features/overview/KeyMetrics";
import { FilterChips, FilterMenu } from "@/shared/calls/FilterBar";
import { latestCallQuery, overviewQuery } from "@/shared/calls/queries";
import type { CallSearch } from "@/shared/calls/search";
import { useProjectId } from "@/shared/session";
import { DEFAULT_PRESET, type RangeSearch } from "@/shared/timeRange";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Page } from "@/shared/ui/Page";
import { Skeleton } from "@/shared/ui/Skeleton";
import { TimeRangePicker } from "@/shared/ui/TimeRangePicker";
import { RelativeTime } from "@/shared/ui/Values";

/** Metrics of the project's calls in a time range. */
export function OverviewPage() {
  const search = useSearch({ from: "/signed-in/projects/$projectId/overview" });
  const navigate = useNavigate({ from: "/projects/$projectId/overview" });
  const onChange = (next: CallSearch) => void navigate({ search: next });
  const range = useRange(search);
  return (
    <Page
      title="Overview"
      actions={
        <>
          <FilterChips search={search} onChange={onChange} />
          <FilterMenu search={search} onChange={onChange} range={range} />
          <TimeRangePicker
            value={range ?? search}
            onChange={({ range, from, to }) => onChange({ ...search, range, from, to })}
          />
        </>
      }
    >
      {range ? <Content search={{ ...search, ...range }} onChange={onChange} /> : <Loading />}
    </Page>
  );
}

/** The selected range, else a range that fits the data; `undefined` while loading. */
function useRange(search: CallSearch): RangeSearch | undefined {
  const isSelected = Boolean(search.range ?? search.from);
  const auto = useQuery({ ...autoPresetQuery(useProjectId()), enabled: !isSelected });
  if (isSelected) return { range: search.range, from: search.from, to: search.to };
  if (auto.isError) return { range: DEFAULT_PRESET };
  return auto.data && { range: auto.data };
}

interface ContentProps {
  search: CallSearch;
  onChange: (search: CallSearch) => void;
}

function Content({ search, onChange }: ContentProps) {
  const { data, error, refetch } = useQuery(overviewQuery(useProjectId(), search));
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  return (
    <>
      <KeyMetrics overview={data} search={search} />
      {data.totals.requests === 0 ? (
        <NoCalls />
      ) : (
        <>
          <Charts
            overview={data}
            search={search}
            onSelect={(from, to) => onChange({ ...search, range: undefined, from, to })}
          />
          <CacheSummary search={search} />
          <Breakdown overview={data} search={search} />
        </>
      )}
    </>
  );
}

function NoCalls() {
  const projectId = useProjectId();
  const latest = useQuery(latestCallQuery(projectId)).data;
  if (latest === undefined) return null;
  if (latest) {
    return (
      <EmptyState title="No calls in this time range">
        The latest call was <RelativeTime at={latest.start} />. Select another time range.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      title="No calls yet"
      action={
        <Link
          to="/projects/$projectId/traces"
          params={{ projectId }}
          className={LINK_BUTTON_CLASSES}
        >
          Send your first call
        </Link>
      }
    >
      Metrics appear here after the first call through the gateway.
    </EmptyState>
  );
}

function Loading() {
  return (
    <div role="status" aria-label="Loading">
      <Skeleton className="h-[72px]" />
      <div className="mt-8 grid gap-8 xl:grid-cols-3">
        {[0, 1, 2, 3, 4, 5].map((chart) => (
          <Skeleton key={chart} className="h-44" />
        ))}
      </div>
    </div>
  );
}
