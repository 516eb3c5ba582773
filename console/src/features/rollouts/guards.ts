import type { Guard, GuardEvidence, Tally } from "@/features/rollouts/queries";
import { formatMoney } from "@/shared/format/money";
import { formatShare } from "@/shared/format/number";
import { formatDuration } from "@/shared/format/time";

export const METRICS = [
  { value: "errors", name: "Errors", sentence: "The share of calls that fail." },
  { value: "slow", name: "Slow calls", sentence: "The share that take longer than the limit." },
  { value: "cost", name: "Cost", sentence: "The cost of a call, as a share of the limit." },
  { value: "score", name: "Score", sentence: "A score of 0 to 1." },
] as const;

/** The name of a guard in its plan and its evidence. */
export function guardName({ metric, score }: Guard): string {
  return score ? `${metric}:${score}` : metric;
}

/** What a guard measures, for people. */
export function guardTitle({ metric, limit, score }: Guard): string {
  switch (metric) {
    case "errors":
      return "Errors";
    case "slow":
      return `Slower than ${formatDuration(limit)}`;
    case "cost":
      return "Cost";
    case "score":
      return score;
  }
}

/** Whether more of a metric is better: its units are measured as 1 minus the score. */
function isMirrored({ metric, better }: Guard): boolean {
  return metric === "score" && better !== "lower";
}

/** The bound of a guard: `baseline + 2%`, `at most 5%`. */
export function boundText(guard: Guard): string {
  const { metric, ratio, margin, limit } = guard;
  const amount = metric === "cost" ? formatMoney(margin * limit) : points(metric, margin);
  if (ratio === 0)
    return isMirrored(guard) ? `at least ${(1 - margin).toFixed(2)}` : `at most ${amount}`;
  const times = ratio === 1 ? "baseline" : `${ratio} × baseline`;
  if (margin === 0) return times;
  return isMirrored(guard) ? `${times} − ${amount}` : `${times} + ${amount}`;
}

function points(metric: Guard["metric"], margin: number): string {
  return metric === "score" ? margin.toFixed(2) : formatShare(margin);
}

/** The mean of a tally as people know the metric: a score as it was given, a cost in USD. */
export function meanText(guard: Guard, { size, total }: Tally): string {
  const { metric, limit } = guard;
  if (size === 0) return "–";
  const mean = total / size;
  if (metric === "score") return (isMirrored(guard) ? 1 - mean : mean).toFixed(3);
  return metric === "cost" ? formatMoney(mean * limit) : formatShare(mean);
}

/** How much evidence is needed to roll back and to promote. */
export function neededEvidence(
  plan: { wrong_rollbacks: number; wrong_promotions: number },
  candidates: number,
): { beyond: number; within: number } {
  return {
    beyond: candidates / plan.wrong_rollbacks,
    within: 1 / plan.wrong_promotions,
  };
}

/** How far evidence is on the way to what is needed, 0 to 1: 1 says nothing, so it begins there. */
export function progress(evidence: number, needed: number): number {
  if (evidence <= 1 || needed <= 1) return 0;
  return Math.min(1, Math.log(evidence) / Math.log(needed));
}

/** The state of a guard of a candidate. */
export function guardState(
  { beyond, within, enough }: GuardEvidence,
  needed: { beyond: number; within: number },
): { tone: "danger" | "ok" | "neutral"; name: string } {
  if (!enough) return { tone: "neutral", name: "too few units" };
  if (beyond >= needed.beyond) return { tone: "danger", name: "beyond its bound" };
  if (within >= needed.within) return { tone: "ok", name: "within its bound" };
  return { tone: "neutral", name: "not shown yet" };
}
