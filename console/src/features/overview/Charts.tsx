import { useCallback, useMemo } from "react";

import { overviewCharts } from "@/features/overview/charts";
import { CostByModel } from "@/features/overview/CostByModel";
import type { Schemas } from "@/shared/api/client";
import type { CallSearch } from "@/shared/calls/search";
import { ChartFigure } from "@/shared/charts/ChartFigure";

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
        <ChartFigure
          key={chart.name}
          title={chart.name}
          height="h-40"
          starts={starts}
          bucketMs={bucketS * 1000}
          series={chart.series}
          format={chart.format}
          onSelect={select}
        />
      ))}
      <CostByModel overview={overview} search={search} />
    </section>
  );
}
