import type { Preset } from "@/shared/timeRange";

/** The time ranges of a route's page. */
export const RANGES = [
  { value: "1h", name: "Last hour" },
  { value: "24h", name: "Last 24 hours" },
] as const satisfies readonly { value: Preset; name: string }[];

export type RouteRange = (typeof RANGES)[number]["value"];

export interface RouteSearch {
  range?: RouteRange | undefined;
}

/** Reads the range of a route's page from its URL; ignores others. */
export function parseRouteSearch(search: Record<string, unknown>): RouteSearch {
  const found = RANGES.find(({ value }) => value === search["range"]);
  return found ? { range: found.value } : {};
}
