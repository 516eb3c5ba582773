import { lazy, Suspense, useCallback, useMemo } from "react";

import { overviewCharts } from "@/features/overview/charts";
import { CostByModel } from "@/features/overview/CostByModel";
import type { Schemas } from "@/shared/api/client";
import type { CallSearch } from "@/shared/calls/search";
import type { TimeSeries } from "@/shared/charts/option";
import { Skeleton } from "@/shared/ui/Skeleton";

const TimeChart = lazy(() => import("@/shared/charts/TimeChart"));

interface ChartsProps {
  overview: Schemas["OverviewOut"];
  search: CallSearch;
  onSelect: (from: string, to: string) => void;
}

/** Metrics over time. Dragging over a chart selects that time range for the page. */
export function Charts({ overview, search, onSelect }: ChartsProps) {
  const { series, bucket_s: bucketS } = overview;
  const starts = useMemo(() => series.map((bucket) => bucket.start), [series]);
  const charts = useMemo(() => overviewCharts(series), [series]);
  const select = useCallback(
    (first: number, last: number) => {
      const from = Date.parse(starts[Math.max(first, 0)] ?? "");
      const to = Date.parse(starts[Math.min(last, starts.length - 1)] ?? "") + bucketS * 1000;
      onSelect(new Date(from).toISOString(), new Date(to).toISOString());
    },
    [starts, bucketS, onSelect],
  );
  return (
    <section
      aria-label="Over time"
      className="grid gap-x-8 gap-y-7 pt-6 md:grid-cols-2 xl:grid-cols-3"
    >
      {charts.map((chart) => (
        <figure key={chart.name} className="min-w-0">
          <figcaption className="mb-1 flex h-6 items-center justify-between gap-4">
            <h2 className="text-sm font-medium">{chart.name}</h2>
            {chart.series.length > 1 && <Legend series={chart.series} />}
          </figcaption>
          <div className="h-40">
            <Suspense fallback={<Skeleton className="h-full" />}>
              <TimeChart
                label={`${chart.name} over time`}
                starts={starts}
                bucketMs={bucketS * 1000}
                series={chart.series}
                format={chart.format}
                onSelect={select}
              />
            </Suspense>
          </div>
        </figure>
      ))}
      <CostByModel overview={overview} search={search} />
    </section>
  );
}

function Legend({ series }: { series: readonly TimeSeries[] }) {
  return (
    <ul className="flex gap-3 text-xs text-ink-2">
      {series.map(({ name, colour }) => (
        <li key={name} className="flex items-center gap-1.5">
          <span className="size-2 rounded-xs" style={{ background: `var(${colour})` }} />
          {name}
        </li>
      ))}
    </ul>
  );
}
