import type { Limit } from "@/features/limits/queries";
import { formatExactMoney, formatMoney } from "@/shared/format/money";
import { formatCompactCount, formatCount } from "@/shared/format/number";

export type Measure = Limit["measure"];
export type WindowUnit = NonNullable<Limit["window"]>;

/** What a limit counts, with its unit. */
export const MEASURES: readonly { value: Measure; name: string; sentence: string }[] = [
  { value: "spend", name: "Spend", sentence: "USD: a budget" },
  { value: "requests", name: "Requests", sentence: "calls that are admitted" },
  { value: "tokens", name: "Tokens", sentence: "of input and output" },
  { value: "concurrency", name: "Concurrency", sentence: "calls that are open at the same time" },
];

export const WINDOWS: readonly WindowUnit[] = ["second", "minute", "hour", "day", "week", "month"];

/** Windows from one date to the next, in a time zone. */
export const CALENDAR: readonly WindowUnit[] = ["day", "week", "month"];

/** Whether it is a rate that refills steadily, or a bound of open calls: it has no window. */
export function hasWindow({ measure, window }: Pick<Limit, "measure" | "window">): boolean {
  if (measure === "concurrency" || window === null) return false;
  return measure === "spend" || CALENDAR.includes(window);
}

/** `$320`, `60`, `1.2M`. */
export function formatAmount(measure: Measure, amount: string | number): string {
  return measure === "spend" ? formatMoney(amount) : formatCompactCount(Number(amount));
}

/** All digits of an amount. */
export function formatExactAmount(measure: Measure, amount: string): string {
  return measure === "spend" ? formatExactMoney(amount) : formatCount(Number(amount));
}

/** `$500 a month`, `60 requests a minute`, `20 open calls`. */
export function describeAmount(limit: Pick<Limit, "measure" | "amount" | "window">): string {
  const { measure, window } = limit;
  const amount = formatAmount(measure, limit.amount);
  if (measure === "concurrency") return `${amount} open ${plural(limit.amount, "call")}`;
  const unit = measure === "spend" ? "" : ` ${plural(limit.amount, measure.slice(0, -1))}`;
  return `${amount}${unit} ${window === "hour" ? "an" : "a"} ${window ?? ""}`;
}

function plural(amount: string, noun: string): string {
  return Number(amount) === 1 ? noun : `${noun}s`;
}
