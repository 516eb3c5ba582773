import type {
  Estimate,
  Gate,
  Measurement,
  MetricDifference,
  MetricFacts,
  Run,
  RunState,
} from "@/features/evaluations/queries";
import { formatMoney } from "@/shared/format/money";
import { formatCount } from "@/shared/format/number";
import { formatDuration } from "@/shared/format/time";
import type { Tone } from "@/shared/ui/Badge";

interface Word {
  tone: Tone;
  name: string;
}

const RUN_STATES: Record<RunState, Word> = {
  queued: { tone: "neutral", name: "queued" },
  running: { tone: "accent", name: "running" },
  done: { tone: "ok", name: "done" },
  cap_reached: { tone: "warn", name: "cap reached" },
  cancelled: { tone: "neutral", name: "cancelled" },
  failed: { tone: "danger", name: "failed" },
};

export function runState(state: RunState): Word {
  return RUN_STATES[state];
}

/** A state of a measurement or result as a user reads it: `judge_error` → `judge error`. */
export function stateName(state: string): string {
  return state.replaceAll("_", " ");
}

/** What a run is called: its label, or the end of its id. */
export function runName({ label, id }: Pick<Run, "label" | "id">): string {
  return label || `run ${id.slice(-8)}`;
}

/** A value of a metric in its unit: `43.7%`, `1.03 s`, `$0.0123`, `0.736`. */
export function formatValue(value: number, facts: MetricFacts | undefined): string {
  if (facts?.kind === "rate") return `${(value * 100).toFixed(1)}%`;
  if (facts?.unit === "ms") return value < 0 ? `−${formatDuration(-value)}` : formatDuration(value);
  if (facts?.unit === "USD") return formatMoney(value);
  return formatPlain(value);
}

function formatPlain(value: number): string {
  if (Number.isInteger(value)) return formatCount(value);
  return Math.abs(value) >= 1000 ? formatCount(Math.round(value)) : String(+value.toPrecision(3));
}

/** A difference of a metric with its sign; rates in percentage points. */
export function formatDifference(value: number, facts: MetricFacts | undefined): string {
  const sign = value > 0 ? "+" : value < 0 ? "−" : "±";
  const size = Math.abs(value);
  return (
    sign + (facts?.kind === "rate" ? `${(size * 100).toFixed(1)} pp` : formatValue(size, facts))
  );
}

/** `from 38.2% to 49.3%`; empty without an interval. */
export function intervalText({ low, high }: Estimate, facts: MetricFacts | undefined): string {
  if (low === null || high === null) return "";
  return `${formatValue(low, facts)} – ${formatValue(high, facts)}`;
}

/** The value of one measurement: `yes`, `no`, a number or a label; else its state. */
export function measuredText(measured: Measurement, facts: MetricFacts | undefined): string {
  const { state, value } = measured;
  if (state !== "scored") return stateName(state);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" ? formatValue(value, plain(facts)) : (value ?? "–");
}

/** One item is no rate. */
function plain(facts: MetricFacts | undefined): MetricFacts | undefined {
  return facts?.kind === "rate" ? { ...facts, kind: "mean" } : facts;
}

const OUTCOME_TONES: Record<MetricDifference["outcome"], Tone> = {
  better: "ok",
  worse: "danger",
  higher: "neutral",
  lower: "neutral",
  "no difference shown": "neutral",
  "not measured": "warn",
};

/** What a comparison found. A metric of which neither is better is higher or lower. */
export function outcome({ outcome: name }: MetricDifference): Word {
  return { tone: OUTCOME_TONES[name], name };
}

/** What a comparison without a difference could have seen, or why none is shown. */
export function outcomeNote(found: MetricDifference, facts: MetricFacts | undefined): string {
  if (found.outcome === "not measured") return "too few items, or no variation";
  if (found.outcome !== "no difference shown") return "";
  if (found.text.includes("all comparisons")) {
    return `not once all comparisons count (p = ${found.p?.toPrecision(2) ?? "unknown"})`;
  }
  if (found.visible === null) return "";
  return `this run could see ≥ ${formatDifference(found.visible, facts).slice(1)}`;
}

export function gateOutcome({ outcome: found, confirming }: Gate): Word {
  if (found === null) return { tone: "accent", name: `confirming ${confirming.length}` };
  return thresholdOutcome(found);
}

export function thresholdOutcome(found: NonNullable<Gate["outcome"]>): Word {
  if (found === "passed") return { tone: "ok", name: found };
  return found === "regression"
    ? { tone: "danger", name: found }
    : { tone: "warn", name: "not measured" };
}
