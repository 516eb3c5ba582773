/** A time range in search parameters: a preset that ends now, or fixed bounds (RFC 3339). */
export interface RangeSearch {
  range?: Preset | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export const PRESETS = ["15m", "1h", "6h", "24h", "7d", "30d"] as const;
export type Preset = (typeof PRESETS)[number];
/** The range of pages without one in their URL, unless the page selects another. */
export const DEFAULT_PRESET: Preset = "24h";

const HOUR = 3_600_000;
export const PRESET_MS: Record<Preset, number> = {
  "15m": HOUR / 4,
  "1h": HOUR,
  "6h": 6 * HOUR,
  "24h": 24 * HOUR,
  "7d": 7 * 24 * HOUR,
  "30d": 30 * 24 * HOUR,
};

export const PRESET_NAMES: Record<Preset, string> = {
  "15m": "Last 15 minutes",
  "1h": "Last hour",
  "6h": "Last 6 hours",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
};

/** Reads the range from search parameters; ignores invalid ones. */
export function parseRange(search: Record<string, unknown>): RangeSearch {
  const from = parseTime(search["from"]);
  const to = parseTime(search["to"]);
  if (from && to && from < to) return { from, to };
  const range = PRESETS.find((preset) => preset === search["range"]);
  return range ? { range } : {};
}

/** The bounds of a range; a preset ends at `now` (Unix milliseconds). */
export function boundsOf(search: RangeSearch, now: number): { from: string; to: string } {
  if (search.from && search.to) return { from: search.from, to: search.to };
  const length = PRESET_MS[search.range ?? DEFAULT_PRESET];
  return { from: new Date(now - length).toISOString(), to: new Date(now).toISOString() };
}

/** Whether the range ends now, so that it includes new calls. */
export function isLive(search: RangeSearch): boolean {
  return !(search.from && search.to);
}

function parseTime(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
