import type { UseCase } from "@/shared/releases/queries";
import type { Tone } from "@/shared/ui/Badge";

export const STATUSES = [
  { value: "draft", name: "Draft" },
  { value: "active", name: "Active" },
  { value: "retired", name: "Retired" },
] as const;

export const RISK_TIERS = [
  { value: "minimal", name: "Minimal" },
  { value: "limited", name: "Limited" },
  { value: "high", name: "High" },
] as const;

export const STATUS_TONES: Record<UseCase["status"], Tone> = {
  draft: "neutral",
  active: "ok",
  retired: "warn",
};

export const RISK_TONES: Record<UseCase["risk_tier"], Tone> = {
  minimal: "neutral",
  limited: "accent",
  high: "danger",
};

/** What is good enough: `at least 0.9`, `0.1 to 0.4`. */
export function targetText({ at_least, at_most }: UseCase["criteria"][number]): string {
  if (at_least !== null && at_most !== null) return `${at_least} to ${at_most}`;
  return at_least !== null ? `at least ${at_least}` : `at most ${at_most ?? ""}`;
}

/** Whether a measured mean reaches the target of a criterion. */
export function isReached(
  { at_least, at_most }: UseCase["criteria"][number],
  mean: number,
): boolean {
  return (at_least === null || mean >= at_least) && (at_most === null || mean <= at_most);
}
