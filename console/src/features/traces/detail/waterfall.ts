import type { Span } from "@/features/traces/detail/queries";

/** The position of a span in the waterfall, as fractions (0 to 1) of the trace's duration. */
export interface Bar {
  span: Span;
  depth: number;
  left: number;
  width: number;
  /** The time of the first token, as a fraction of the trace's duration. */
  firstToken: number | null;
}

/** Lays out spans by start time, children below parents. `lengthMs` is the trace's duration. */
export function layoutSpans(spans: readonly Span[]): { bars: Bar[]; lengthMs: number } {
  const first = Math.min(...spans.map((span) => microseconds(span.start)));
  const end = Math.max(...spans.map((span) => microseconds(span.start) + span.duration_ms * 1000));
  const length = Math.max(end - first, 1);
  const bars: Bar[] = [];
  const place = (span: Span, depth: number) => {
    const left = (microseconds(span.start) - first) / length;
    const ttft = span.ttft_ms === null ? null : left + (span.ttft_ms * 1000) / length;
    bars.push({ span, depth, left, width: (span.duration_ms * 1000) / length, firstToken: ttft });
    for (const child of childrenOf(spans, span)) place(child, depth + 1);
  };
  for (const root of rootsOf(spans)) place(root, 0);
  return { bars, lengthMs: length / 1000 };
}

function rootsOf(spans: readonly Span[]): Span[] {
  const ids = new Set(spans.map((span) => span.span_id));
  return byStart(spans.filter(({ parent_span_id: parent }) => !parent || !ids.has(parent)));
}

function childrenOf(spans: readonly Span[], parent: Span): Span[] {
  return byStart(spans.filter((span) => span.parent_span_id === parent.span_id));
}

function byStart(spans: Span[]): Span[] {
  return spans.sort((one, other) => microseconds(one.start) - microseconds(other.start));
}

/** Unix microseconds of an RFC 3339 time; `Date` alone would lose microseconds. */
function microseconds(at: string): number {
  const fraction = /\.(\d+)/.exec(at)?.[1] ?? "";
  const whole = Date.parse(at.replace(/\.\d+/, ""));
  return whole * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}
