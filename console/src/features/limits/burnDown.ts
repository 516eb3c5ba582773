import type { Limit, LimitHistory, LimitUse } from "@/features/limits/queries";
import type { TimeSeries } from "@/shared/charts/option";

export interface BurnDownChart {
  starts: string[];
  bucketMs: number;
  series: TimeSeries[];
}

type Amount = Pick<Limit, "amount">;

/** What was left of a window at each moment, what will be left if it goes on like lately, and what
 * would be left at an even pace. */
export function burnDown({ amount }: Amount, use: LimitUse, history: LimitHistory): BurnDownChart {
  const bucketMs = history.bucket_s * 1000;
  const start = Date.parse(history.start);
  const end = Date.parse(use.resets_at ?? history.start);
  const count = Math.max(1, Math.round((end - start) / bucketMs)) + 1;
  const starts = Array.from({ length: count }, (_, index) => timeAt(start + index * bucketMs));
  const now = history.used.length; // the first moment without a record: at most a bucket ahead
  const total = Number(amount);
  const left = leftAt(total, history.used.map(Number));
  left[now] = Math.min(left[now - 1] ?? total, Math.max(0, total - Number(use.used)));
  const forecast = history.recent ?? use.forecast;
  const series: TimeSeries[] = [
    line("Left", "--chart-1", starts, (index) => left[index] ?? null),
    {
      ...line("Even pace", "--ink-3", starts, (index) => total * (1 - index / (count - 1))),
      style: "dotted",
    },
  ];
  if (forecast) {
    const atEnd = total - Number(forecast.at_end);
    const from = left[now] ?? total;
    const at = (index: number) => from + ((atEnd - from) * (index - now)) / (count - 1 - now);
    const values = (index: number) => (index < now || now >= count ? null : Math.max(0, at(index)));
    series.push({ ...line("Forecast", "--chart-2", starts, values), style: "dashed" });
  }
  return { starts, bucketMs, series };
}

/** What a rate used in each of its units of time, and its limit. */
export function rateChart({ amount }: Amount, history: LimitHistory): BurnDownChart {
  const bucketMs = history.bucket_s * 1000;
  const start = Date.parse(history.start);
  const starts = history.used.map((_, index) => timeAt(start + index * bucketMs));
  const used: TimeSeries = {
    name: "Used",
    kind: "bar",
    colour: "--chart-1",
    values: history.used.map(Number),
  };
  const limit = line("Limit", "--danger", starts, () => Number(amount));
  return { starts, bucketMs, series: [used, { ...limit, style: "dashed" }] };
}

/** What is left before each bucket. */
function leftAt(total: number, used: readonly number[]): number[] {
  let sum = 0;
  return used.map((one) => {
    const left = Math.max(0, total - sum);
    sum += one;
    return left;
  });
}

function line(
  name: string,
  colour: string,
  starts: readonly string[],
  value: (index: number) => number | null,
): TimeSeries {
  return { name, kind: "line", colour, values: starts.map((_, index) => value(index)) };
}

function timeAt(ms: number): string {
  return new Date(ms).toISOString();
}
