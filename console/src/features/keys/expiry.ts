const DAY_MS = 24 * 3600 * 1000;

/** How long a new key may live; `0` days: for ever. */
export const LIFETIMES = [
  { days: 0, name: "Never" },
  { days: 7, name: "In 7 days" },
  { days: 30, name: "In 30 days" },
  { days: 90, name: "In 90 days" },
  { days: 365, name: "In a year" },
] as const;

/** The moment that is `days` after `now` (Unix milliseconds), or null for never. */
export function expiryAfter(days: number, now: number): string | null {
  return days === 0 ? null : new Date(now + days * DAY_MS).toISOString();
}

/** How long an old secret may stay valid beside a new one. */
export const OVERLAPS = [
  { seconds: 0, name: "Not at all: it stops now" },
  { seconds: 3600, name: "For an hour" },
  { seconds: 24 * 3600, name: "For a day" },
  { seconds: 7 * 24 * 3600, name: "For a week" },
  { seconds: 30 * 24 * 3600, name: "For 30 days" },
] as const;
