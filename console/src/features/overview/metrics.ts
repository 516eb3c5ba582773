import type { Schemas } from "@/shared/api/client";
import type { CallFilter } from "@/shared/calls/search";
import { formatMoney } from "@/shared/format/money";
import { formatChange, formatShare, formatCompactCount } from "@/shared/format/number";
import { formatDuration } from "@/shared/format/time";

type Measures = Schemas["MeasuresOut"];

/** A number and its change. `calls` is the filter for the calls that it counts. */
export interface Metric {
  name: string;
  value: string;
  before: string;
  change: string;
  /** Whether the value got clearly worse. */
  worse: boolean;
  calls: CallFilter;
}

const WORSE_BY = 0.1;

/** The key metrics of a time range, compared with the range before it. */
export function metricsOf(now: Measures, before: Measures): Metric[] {
  const count = (of: (measures: Measures) => number) => [of(now), of(before)] as const;
  return [
    metric("Calls", count(requests), formatCompactCount),
    {
      ...metric("Error rate", count(errorRate), formatShare, true),
      calls: { errors_only: true },
    },
    metric("Latency p50", count(latency("p50")), durationOrDash, true),
    {
      ...metric("Latency p95", count(latency("p95")), durationOrDash, true),
      calls: slowerThan(now.latency_ms?.p95),
    },
    metric("First token p50", count(firstToken), durationOrDash, true),
    metric("Tokens", count(tokens), formatCompactCount),
    metric("Cost", count(cost), formatMoney),
  ];
}

function metric(
  name: string,
  [now, before]: readonly [number, number],
  format: (value: number) => string,
  lowerIsBetter = false,
): Metric {
  return {
    name,
    value: format(now),
    before: before ? format(before) : "",
    change: formatChange(now, before),
    worse: lowerIsBetter && before > 0 && now > before * (1 + WORSE_BY),
    calls: {},
  };
}

/** The cost of a group; `null` if no price is known for its calls, or if they used no tokens. */
export function pricedCost(group: Schemas["GroupOut"]): string | null {
  const isPriced = group.unpriced < group.requests && group.input_tokens + group.output_tokens > 0;
  return isPriced ? group.cost : null;
}

const requests = (measures: Measures) => measures.requests;
const errorRate = ({ errors, requests }: Measures) => (requests ? errors / requests : 0);
const latency = (which: "p50" | "p95") => (measures: Measures) => measures.latency_ms?.[which] ?? 0;
const firstToken = (measures: Measures) => measures.ttft_ms?.p50 ?? 0;
const tokens = (measures: Measures) => measures.input_tokens + measures.output_tokens;
const cost = (measures: Measures) => Number(measures.cost);

function durationOrDash(ms: number): string {
  return ms > 0 ? formatDuration(ms) : "–";
}

function slowerThan(ms: number | undefined): CallFilter {
  return ms === undefined ? {} : { min_duration_ms: Math.floor(ms) };
}
