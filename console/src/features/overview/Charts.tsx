import { lazy, Suspense, useCallback, useMemo } from "react";

import { chartsOf } from "@/features/overview/charts";
import type { Schemas } from "@/shared/api/client";
import type { TimeSeries } from "@/shared/charts/option";
import { Skeleton } from "@/shared/ui/Skeleton";

const TimeChart = lazy(() => import("@/shared/charts/TimeChart"));

interface ChartsProps {
  overview: Schemas["OverviewOut"];
  onSelect: (from: string, to: string) => void;
}

/** The measures over time; dragging over one of them chooses that time for the page. */
export function Charts({ overview, onSelect }: ChartsProps) {
  const { series, bucket_s: bucketS } = overview;
  const starts = useMemo(() => series.map((bucket) => bucket.start), [series]);
  const charts = useMemo(() => chartsOf(series), [series]);
  const select = useCallback(
    (first: number, last: number) => {
      const from = Date.parse(starts[Math.max(first, 0)] ?? "");
      const to = Date.parse(starts[Math.min(last, starts.length - 1)] ?? "") + bucketS * 1000;
      onSelect(new Date(from).toISOString(), new Date(to).toISOString());
    },
    [starts, bucketS, onSelect],
  );
  return (
    <section aria-label="Over time" className="grid gap-x-10 gap-y-8 pt-6 lg:grid-cols-2">
      {charts.map((chart) => (
        <figure key={chart.name} className="min-w-0">
          <figcaption className="mb-1 flex h-6 items-center justify-between gap-4">
            <h2 className="text-sm font-medium">{chart.name}</h2>
            {chart.series.length > 1 && <Legend series={chart.series} />}
          </figcaption>
          <div className="h-44">
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
