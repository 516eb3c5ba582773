const DAY_MS = 24 * 3600 * 1000;

/** Lifetimes of a new key; `0` days means that it never expires. */
export const LIFETIMES = [
  { days: 0, name: "Never" },
  { days: 7, name: "In 7 days" },
  { days: 30, name: "In 30 days" },
  { days: 90, name: "In 90 days" },
  { days: 365, name: "In 1 year" },
] as const;

/** The time `days` after `now` (Unix milliseconds), or null for 0 days. */
export function expiryAfter(days: number, now: number): string | null {
  return days === 0 ? null : new Date(now + days * DAY_MS).toISOString();
}

/** How long the old secret stays valid after a rotation. */
export const OVERLAPS = [
  { seconds: 0, name: "No overlap (revoke now)" },
  { seconds: 3600, name: "1 hour" },
  { seconds: 24 * 3600, name: "1 day" },
  { seconds: 7 * 24 * 3600, name: "7 days" },
  { seconds: 30 * 24 * 3600, name: "30 days" },
] as const;
