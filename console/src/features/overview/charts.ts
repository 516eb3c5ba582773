import type { Schemas } from "@/shared/api/client";
import type { TimeSeries } from "@/shared/charts/option";
import { formatMoney } from "@/shared/format/money";
import { formatCompactCount } from "@/shared/format/number";
import { formatDuration } from "@/shared/format/time";

type Bucket = Schemas["BucketOut"];
type Percentile = keyof Schemas["Percentiles"];

export interface ChartDefinition {
  name: string;
  series: TimeSeries[];
  format: (value: number) => string;
}

const PERCENTILES: readonly [Percentile, string][] = [
  ["p50", "--chart-1"],
  ["p95", "--chart-2"],
  ["p99", "--chart-3"],
];

/** The charts of the overview page. */
export function overviewCharts(buckets: readonly Bucket[]): ChartDefinition[] {
  const bars = (name: string, colour: string, value: (bucket: Bucket) => number): TimeSeries => ({
    name,
    colour,
    kind: "bar",
    values: buckets.map(value),
  });
  return [
    {
      name: "Calls",
      format: formatCompactCount,
      series: [
        bars("Successful", "--chart-1", (bucket) => bucket.requests - bucket.errors),
        bars("Errors", "--danger", (bucket) => bucket.errors),
      ],
    },
    { name: "Latency", format: formatTickDuration, series: percentiles(buckets, "latency_ms") },
    {
      name: "Time to first token",
      format: formatTickDuration,
      series: percentiles(buckets, "ttft_ms"),
    },
    {
      name: "Tokens",
      format: formatCompactCount,
      series: [
        bars("Input", "--chart-1", (bucket) => bucket.input_tokens),
        bars("Output", "--chart-2", (bucket) => bucket.output_tokens),
      ],
    },
    {
      name: "Cost",
      format: formatMoney,
      series: [bars("Cost", "--chart-1", (bucket) => Number(bucket.cost))],
    },
  ];
}

function percentiles(buckets: readonly Bucket[], of: "latency_ms" | "ttft_ms"): TimeSeries[] {
  return PERCENTILES.map(([which, colour]) => ({
    name: which,
    colour,
    kind: "line",
    values: buckets.map((bucket) => bucket[of]?.[which] ?? null),
  }));
}

function formatTickDuration(ms: number): string {
  return ms === 0 ? "0" : formatDuration(ms);
}
