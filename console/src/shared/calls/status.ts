import type { Tone } from "@/shared/ui/Badge";

const TONES: Record<string, Tone> = { ok: "ok", error: "danger", interrupted: "danger" };

/** The tone of a call's status: errors in red, cancelled calls in yellow. */
export function statusTone(status: string): Tone {
  return TONES[status] ?? "warn";
}

export const DOT_CLASSES: Record<Tone, string> = {
  neutral: "bg-ink-3",
  accent: "bg-accent",
  ok: "bg-ok",
  warn: "bg-warn",
  danger: "bg-danger",
};
