import { Link } from "@tanstack/react-router";

import { metricsOf, type Metric } from "@/features/overview/metrics";
import type { Schemas } from "@/shared/api/client";
import type { CallSearch } from "@/shared/calls/search";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";

interface KeyMetricsProps {
  overview: Schemas["OverviewOut"];
  search: CallSearch;
}

/** The main numbers, compared with the previous period. */
export function KeyMetrics({ overview, search }: KeyMetricsProps) {
  const projectId = useProjectId();
  return (
    <section
      aria-label="Key metrics"
      className="grid grid-cols-2 border-y border-line sm:grid-cols-4 lg:grid-cols-7"
    >
      {metricsOf(overview.totals, overview.previous).map((metric) => (
        <Link
          key={metric.name}
          to="/projects/$projectId/traces"
          params={{ projectId }}
          search={{ ...search, ...metric.calls }}
          className="group border-line py-3 hover:bg-hover lg:px-4 lg:not-first:border-l lg:first:pl-0"
        >
          <MetricView metric={metric} />
        </Link>
      ))}
    </section>
  );
}

function MetricView({ metric }: { metric: Metric }) {
  const { name, value, change, worse, before } = metric;
  return (
    <>
      <div className="text-xs text-ink-3">{name}</div>
      <div className="num mt-0.5 flex items-baseline gap-2">
        <span className="text-xl font-semibold tracking-tight group-hover:text-accent">
          {value}
        </span>
        <span
          title={before && `Previous period: ${before}`}
          className={cx("text-xs", worse ? "text-danger" : "text-ink-3")}
        >
          {change}
        </span>
      </div>
    </>
  );
}
