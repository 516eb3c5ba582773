import type { Schemas } from "@/shared/api/client";
import type { TimeSeries } from "@/shared/charts/option";
import { formatMoney } from "@/shared/format/money";
import { formatShortCount } from "@/shared/format/number";
import { formatDuration } from "@/shared/format/time";

type Bucket = Schemas["BucketOut"];
type Percentile = keyof Schemas["Percentiles"];

export interface ChartOfCalls {
  name: string;
  series: TimeSeries[];
  format: (value: number) => string;
}

const PERCENTILES: readonly [Percentile, string][] = [
  ["p50", "--chart-1"],
  ["p95", "--chart-2"],
  ["p99", "--chart-3"],
];

/** What the overview draws over time. */
export function chartsOf(buckets: readonly Bucket[]): ChartOfCalls[] {
  const bars = (name: string, colour: string, value: (bucket: Bucket) => number): TimeSeries => ({
    name,
    colour,
    kind: "bar",
    values: buckets.map(value),
  });
  return [
    {
      name: "Requests",
      format: formatShortCount,
      series: [
        bars("Answered", "--chart-1", (bucket) => bucket.requests - bucket.errors),
        bars("Errors", "--danger", (bucket) => bucket.errors),
      ],
    },
    { name: "Latency", format: tickDuration, series: percentiles(buckets, "latency_ms") },
    { name: "Time to first token", format: tickDuration, series: percentiles(buckets, "ttft_ms") },
    {
      name: "Tokens",
      format: formatShortCount,
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

function tickDuration(ms: number): string {
  return ms === 0 ? "0" : formatDuration(ms);
}
