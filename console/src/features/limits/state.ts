import { formatAmount } from "@/features/limits/measures";
import type { Limit, LimitUse } from "@/features/limits/queries";
import { formatSpan } from "@/shared/format/time";
import type { Tone } from "@/shared/ui/Badge";

export interface LimitState {
  tone: Extract<Tone, "neutral" | "warn" | "danger">;
  text: string;
}

const NEARLY = 0.9;

/** Used and reserved amounts as a share of the limit; may be above 1. */
export function shareOf(amount: string, { used, reserved }: LimitUse): number {
  const total = Number(used) + Number(reserved);
  if (Number(amount) === 0) return total > 0 ? Infinity : 1;
  return total / Number(amount);
}

/** How it goes on: used up, used up soon, or what the window will have used at its end. */
export function stateOf(
  { amount, measure }: Pick<Limit, "amount" | "measure">,
  use: LimitUse,
  now: number,
): LimitState | null {
  const share = shareOf(amount, use);
  if (Number(use.left) <= 0 && share >= 1) return { tone: "danger", text: "Used up" };
  if (use.forecast?.used_up_at) {
    const left = Math.max(0, Date.parse(use.forecast.used_up_at) - now);
    return { tone: "warn", text: `Used up in ${formatSpan(left)}` };
  }
  if (use.forecast) {
    const atEnd = formatAmount(measure, use.forecast.at_end);
    return { tone: "neutral", text: `${atEnd} at the end` };
  }
  return share >= NEARLY ? { tone: "warn", text: "Nearly full" } : null;
}

/** Whether the name or a value of the scope contains `text`, ignoring case. */
export function matches({ name, only, per }: Limit, text: string): boolean {
  const needle = text.trim().toLowerCase();
  const scope = Object.entries(only).flatMap(([dimension, values]) => [dimension, ...values]);
  return [name, ...scope, ...per].some((value) => value.toLowerCase().includes(needle));
}

/** Limits with the largest used share first; those with several counters last. */
export function byUse(limits: readonly Limit[]): Limit[] {
  const share = ({ amount, use }: Limit) => (use ? shareOf(amount, use) : -1);
  return [...limits].sort((one, other) => share(other) - share(one));
}
