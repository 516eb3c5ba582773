import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";

import { Breakdown } from "@/features/overview/Breakdown";
import { Charts } from "@/features/overview/Charts";
import { KeyMetrics } from "@/features/overview/KeyMetrics";
import { useOverviewRange } from "@/features/overview/useOverviewRange";
import { FilterChips, FilterMenu } from "@/shared/calls/FilterBar";
import { overviewQuery } from "@/shared/calls/queries";
import type { CallSearch } from "@/shared/calls/search";
import { useProjectId } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { Page } from "@/shared/ui/Page";
import { Skeleton } from "@/shared/ui/Skeleton";
import { TimeRangePicker } from "@/shared/ui/TimeRangePicker";

/** Metrics of the project's calls in a time range. */
export function OverviewPage() {
  const search = useSearch({ from: "/signed-in/projects/$projectId/overview" });
  const navigate = useNavigate({ from: "/projects/$projectId/overview" });
  const onChange = (next: CallSearch) => void navigate({ search: next });
  const range = useOverviewRange(search);
  return (
    <Page
      title="Overview"
      actions={
        <>
          <FilterChips search={search} onChange={onChange} />
          <FilterMenu search={search} onChange={onChange} />
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
          <Breakdown overview={data} search={search} />
        </>
      )}
    </>
  );
}

function NoCalls() {
  const projectId = useProjectId();
  return (
    <EmptyState
      title="No calls in this time range"
      action={
        <Link
          to="/projects/$projectId/traces"
          params={{ projectId }}
          className="text-sm font-medium text-accent hover:underline"
        >
          How to send a call
        </Link>
      }
    >
      Select another time range, or send a call through the gateway.
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
