import type { Schemas } from "@/shared/api/client";
import { formatMoney } from "@/shared/format/money";
import { formatChange, formatShare } from "@/shared/format/number";
import { formatDuration } from "@/shared/format/time";

type Measures = Schemas["MeasuresOut"];

/** A figure of calls that can be compared; `null` if it is not known. */
export interface FigureDefinition {
  name: string;
  of: (measures: Measures) => number | null;
  format: (value: number) => string;
}

export const errorRate = ({ errors, requests }: Measures) => (requests ? errors / requests : null);

/** The cost of a priced call, in USD. */
export function costPerCall({ cost, requests, unpriced }: Measures): number | null {
  return requests > unpriced ? Number(cost) / (requests - unpriced) : null;
}

/** The figures of which less is better. */
export const FIGURES: readonly FigureDefinition[] = [
  { name: "Errors", of: errorRate, format: formatShare },
  { name: "p50", of: ({ latency_ms }) => latency_ms?.p50 ?? null, format: formatDuration },
  { name: "p95", of: ({ latency_ms }) => latency_ms?.p95 ?? null, format: formatDuration },
  { name: "Cost per call", of: costPerCall, format: formatMoney },
];

/** The change from a baseline, and whether it is worse by more than a tenth. */
export function changeFrom(
  baseline: number | null | undefined,
  value: number | null,
  moreIsBetter = false,
): { text: string; worse: boolean } {
  if (value === null || !baseline) return { text: "", worse: false };
  const worse = moreIsBetter ? value < baseline * 0.9 : value > baseline * 1.1;
  return { text: formatChange(value, baseline), worse };
}
