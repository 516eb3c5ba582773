import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import { CallList } from "@/features/traces/CallList";
import type { Call } from "@/features/traces/CallRow";
import { Quickstart } from "@/features/traces/Quickstart";
import { TracePanel } from "@/features/traces/TracePanel";
import { callSearchOf, type TracesSearch } from "@/features/traces/search";
import { Summary } from "@/features/traces/Summary";
import { useLiveTail } from "@/features/traces/liveTail";
import { Toolbar } from "@/features/traces/Toolbar";
import { callsQuery, latestCallQuery } from "@/shared/calls/queries";
import { isFiltered } from "@/shared/calls/search";
import { useProjectId } from "@/shared/session";
import { useShortcuts } from "@/shared/shortcuts";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { RelativeTime } from "@/shared/ui/Values";

/** The project's calls: filters, search, live mode, and a side panel for one trace. */
export function TracesPage() {
  const [search, setSearch] = useTracesSearch();
  const newSince = useLiveSince(search.live ?? false);
  useLiveTail(search.live ?? false);
  return (
    <main className="relative flex h-full flex-col">
      <Toolbar search={search} onChange={setSearch} />
      <Summary
        search={callSearchOf(search)}
        onChange={(calls) => setSearch({ ...search, ...calls })}
      />
      <Calls search={search} newSince={newSince} onChange={setSearch} />
    </main>
  );
}

interface CallsProps {
  search: TracesSearch;
  newSince: string | undefined;
  onChange: (search: TracesSearch) => void;
}

function Calls({ search, newSince, onChange }: CallsProps) {
  const list = useInfiniteQuery(callsQuery(useProjectId(), callSearchOf(search)));
  const calls = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const openTrace = (trace: string | undefined) => onChange({ ...search, trace });
  useListShortcuts(calls, search, onChange);
  if (list.isPending) {
    return (
      <div className="px-6">
        <SkeletonRows rows={14} />
      </div>
    );
  }
  if (list.error) return <ErrorState error={list.error} onRetry={() => void list.refetch()} />;
  if (calls.length === 0) return <NoCalls search={search} onChange={onChange} />;
  return (
    <>
      <CallList
        calls={calls}
        selected={search.trace}
        newSince={newSince}
        hasMore={list.hasNextPage}
        onMore={() => !list.isFetchingNextPage && void list.fetchNextPage()}
        onOpen={(call) => openTrace(call.trace_id)}
      />
      {search.trace && <TracePanel traceId={search.trace} onClose={() => openTrace(undefined)} />}
    </>
  );
}

function NoCalls({ search, onChange }: Omit<CallsProps, "newSince">) {
  const { range, from, to, live } = search;
  if (!isFiltered(callSearchOf(search)))
    return <NoCallsInRange search={search} onChange={onChange} />;
  return (
    <EmptyState
      title="No matching calls"
      action={<Button onClick={() => onChange({ range, from, to, live })}>Clear filters</Button>}
    >
      No call in this time range matches all filters.
    </EmptyState>
  );
}

/** Offers the latest calls of other times; before the first call, shows how to send one. */
function NoCallsInRange({ search, onChange }: Omit<CallsProps, "newSince">) {
  const latest = useQuery(latestCallQuery(useProjectId()));
  useLiveTail(true);
  if (latest.isPending) return null;
  if (!latest.data) return <Quickstart />;
  const from = new Date(Date.parse(latest.data.start) - 3_600_000).toISOString();
  const to = new Date(Date.parse(latest.data.start) + 60_000).toISOString();
  return (
    <EmptyState
      title="No calls in this time range"
      action={
        <Button onClick={() => onChange({ ...search, range: undefined, from, to })}>
          Show the latest calls
        </Button>
      }
    >
      The latest call was <RelativeTime at={latest.data.start} />.
    </EmptyState>
  );
}

function useTracesSearch(): [TracesSearch, (search: TracesSearch) => void] {
  const search = useSearch({ from: "/signed-in/projects/$projectId/traces" });
  const navigate = useNavigate({ from: "/projects/$projectId/traces" });
  return [search, (next) => void navigate({ search: next, replace: true })];
}

/** The time when live mode was turned on. */
function useLiveSince(live: boolean): string | undefined {
  const [since, setSince] = useState<string>();
  if (live && since === undefined) setSince(new Date().toISOString());
  if (!live && since !== undefined) setSince(undefined);
  return since;
}

function useListShortcuts(
  calls: readonly Call[],
  search: TracesSearch,
  onChange: (search: TracesSearch) => void,
): void {
  const move = (step: number) => {
    const at = calls.findIndex((call) => call.trace_id === search.trace);
    const next = calls[at < 0 ? 0 : Math.min(Math.max(at + step, 0), calls.length - 1)];
    if (next) onChange({ ...search, trace: next.trace_id });
  };
  const navigate = useNavigate({ from: "/projects/$projectId/traces" });
  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    l: () => onChange({ ...search, live: search.live ? undefined : true }),
    Escape: () => onChange({ ...search, trace: undefined }),
    Enter: () => {
      if (!search.trace) return;
      const to = "/projects/$projectId/traces/$traceId";
      void navigate({ to, params: (old) => ({ ...old, traceId: search.trace ?? "" }), search: {} });
    },
  });
}
