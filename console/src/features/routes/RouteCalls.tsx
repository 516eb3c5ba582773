import { useQuery } from "@tanstack/react-query";

import { targetUsageQuery } from "@/features/routes/queries";
import { RouteMap } from "@/features/routes/RouteMap";
import { RouteUsage } from "@/features/routes/RouteUsage";
import { RANGES, type RouteRange } from "@/features/routes/search";
import { usageOf } from "@/features/routes/usage";
import { CallsLink } from "@/shared/calls/CallsLink";
import { overviewQuery } from "@/shared/calls/queries";
import type { Route, RouteTarget } from "@/shared/calls/routes";
import { formatMoney } from "@/shared/format/money";
import { formatCompactCount, formatCount, formatShare } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Figure } from "@/shared/ui/Facts";
import { QueryContent } from "@/shared/ui/QueryContent";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { Skeleton } from "@/shared/ui/Skeleton";
import { Duration } from "@/shared/ui/Values";

interface RouteCallsProps {
  route: Route;
  range: RouteRange;
  onRange: (range: RouteRange) => void;
}

/** The drawing of a route with what its targets did, then the numbers. */
export function RouteCalls({ route, range, onRange }: RouteCallsProps) {
  const usage = useQuery(targetUsageQuery(useProjectId(), route.name, range));
  return (
    <>
      <section aria-label="Where calls go" className="pt-6">
        <div className="mb-3 flex flex-wrap items-center justify-between gap-2">
          <h2 className="text-sm font-medium">Where calls go</h2>
          <SegmentedControl
            label="Time range"
            options={RANGES}
            value={range}
            onChange={(value) => onRange(RANGES.find((one) => one.value === value)?.value ?? "24h")}
          />
        </div>
        <RouteMap
          targets={route.targets}
          strategy={route.strategy}
          note={(target: RouteTarget) => <AttemptNote usage={usageOf(usage.data ?? [], target)} />}
        />
      </section>
      <section aria-label="Where calls went" className="pt-8">
        <h2 className="mb-2 text-sm font-medium">Where calls went</h2>
        <Totals route={route} range={range} />
        <QueryContent query={usage}>
          {(found) =>
            found.length === 0 ? (
              <EmptyState title="No attempts in this time range">
                Send <span className="font-mono text-xs">{`"model": "${route.name}"`}</span> to the
                gateway.
              </EmptyState>
            ) : (
              <RouteUsage route={route} usage={found} range={range} />
            )
          }
        </QueryContent>
      </section>
    </>
  );
}

function AttemptNote({ usage }: { usage: ReturnType<typeof usageOf> }) {
  if (!usage) return <div className="mt-1 text-2xs text-ink-3">no attempts</div>;
  return (
    <div className="num mt-1 flex justify-between gap-2 text-2xs text-ink-2">
      <span>
        {formatCompactCount(usage.attempts)} {usage.attempts === 1 ? "attempt" : "attempts"}
      </span>
      {usage.errors > 0 && (
        <span className="text-danger">{formatShare(usage.errors / usage.attempts)} failed</span>
      )}
    </div>
  );
}

/** The sums over the route's calls, each linked to them. */
function Totals({ route, range }: Pick<RouteCallsProps, "route" | "range">) {
  const calls = { request_model: [route.name], range };
  const overview = useQuery(overviewQuery(useProjectId(), calls));
  if (overview.error) return <ErrorNotice error={overview.error} />;
  if (!overview.data) return <Skeleton className="mb-3 h-10 w-96 max-w-full" />;
  const { requests, errors, latency_ms, ttft_ms, cost } = overview.data.totals;
  return (
    <dl className="mb-3 flex flex-wrap gap-x-10 gap-y-2">
      <Figure name="Calls">
        <CallsLink calls={calls}>{formatCount(requests)}</CallsLink>
      </Figure>
      <Figure name="Errors" className={cx(errors > 0 && "text-danger")}>
        <CallsLink calls={{ ...calls, errors_only: true }}>
          {formatShare(requests ? errors / requests : 0)}
        </CallsLink>
      </Figure>
      <Figure name="p95">
        <Duration ms={latency_ms?.p95 ?? null} />
      </Figure>
      <Figure name="First token p50">
        <Duration ms={ttft_ms?.p50 ?? null} />
      </Figure>
      <Figure name="Cost">{formatMoney(cost)}</Figure>
    </dl>
  );
}
