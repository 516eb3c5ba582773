import type { Schemas } from "@/shared/api/client";
import type { CallFilter } from "@/shared/calls/search";
import { formatMoney } from "@/shared/format/money";
import { formatChange, formatShare, formatShortCount } from "@/shared/format/number";
import { formatDuration } from "@/shared/format/time";

type Measures = Schemas["MeasuresOut"];

/** A number with its change. `calls` tells which calls stand behind it. */
export interface Headline {
  name: string;
  value: string;
  before: string;
  change: string;
  /** Whether the change is clearly one for the worse. */
  worse: boolean;
  calls: CallFilter;
}

const CLEARLY = 0.1;

/** The headline numbers of a stretch of time, beside the one before it. */
export function headlinesOf(now: Measures, before: Measures): Headline[] {
  const count = (of: (measures: Measures) => number) => [of(now), of(before)] as const;
  return [
    headline("Requests", count(requests), formatShortCount),
    {
      ...headline("Error rate", count(errorRate), formatShare, true),
      calls: { errors_only: true },
    },
    headline("Latency p50", count(latency("p50")), durationOrDash, true),
    {
      ...headline("Latency p95", count(latency("p95")), durationOrDash, true),
      calls: slowerThan(now.latency_ms?.p95),
    },
    headline("First token p50", count(firstToken), durationOrDash, true),
    headline("Tokens", count(tokens), formatShortCount),
    headline("Cost", count(cost), formatMoney),
  ];
}

function headline(
  name: string,
  [now, before]: readonly [number, number],
  format: (value: number) => string,
  lowerIsBetter = false,
): Headline {
  return {
    name,
    value: format(now),
    before: before ? format(before) : "",
    change: formatChange(now, before),
    worse: lowerIsBetter && before > 0 && now > before * (1 + CLEARLY),
    calls: {},
  };
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
