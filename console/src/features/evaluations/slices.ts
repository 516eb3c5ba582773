import type { Estimate, MetricReport } from "@/features/evaluations/queries";

/** The items with one value: how many, and the estimate of each metric that has one. */
export interface Slice {
  value: string;
  items: number;
  estimates: Map<string, Estimate>;
}

/** The slices of a field over all metrics, the largest first. */
export function slicesBy(metrics: readonly MetricReport[], field: string): Slice[] {
  const found = new Map<string, Slice>();
  for (const { name, slices } of metrics) {
    for (const { value, estimate, ...slice } of slices) {
      if (slice.field !== field) continue;
      const one = found.get(value) ?? { value, items: 0, estimates: new Map<string, Estimate>() };
      one.items = Math.max(one.items, estimate.items);
      one.estimates.set(name, estimate);
      found.set(value, one);
    }
  }
  return [...found.values()].sort((one, other) => other.items - one.items);
}
