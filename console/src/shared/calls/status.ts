import type { Tone } from "@/shared/ui/Badge";

const TONES: Record<string, Tone> = { ok: "ok", error: "danger", interrupted: "danger" };

/** How a call's status is toned: what went wrong stands out, what somebody gave up does less. */
export function toneOf(status: string): Tone {
  return TONES[status] ?? "warn";
}

export const DOTS: Record<Tone, string> = {
  neutral: "bg-ink-3",
  accent: "bg-accent",
  ok: "bg-ok",
  warn: "bg-warn",
  danger: "bg-danger",
};
