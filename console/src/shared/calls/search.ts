import { boundsOf, parseRange, type RangeSearch } from "@/shared/timeRange";

/** What calls are filtered and grouped by, as the API names it. */
export const DIMENSIONS = [
  "status",
  "model",
  "provider",
  "operation",
  "team",
  "user",
  "use_case",
  "environment",
  "segment",
  "session",
  "key_id",
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export const DIMENSION_NAMES: Record<Dimension, string> = {
  status: "Status",
  model: "Model",
  provider: "Provider",
  operation: "Operation",
  team: "Team",
  user: "User",
  use_case: "Use case",
  environment: "Environment",
  segment: "Segment",
  session: "Session",
  key_id: "Key",
};

/** Which calls a page is about, as it stands in its address. */
export type CallFilter = Partial<Record<Dimension, string[]>> & {
  errors_only?: boolean | undefined;
  q?: string | undefined;
  min_duration_ms?: number | undefined;
};
export type CallSearch = RangeSearch & CallFilter;

/** The filter and range in an address; what is neither is left out. */
export function parseCallSearch(search: Record<string, unknown>): CallSearch {
  const parsed: CallSearch = parseRange(search);
  for (const dimension of DIMENSIONS) {
    const values = [search[dimension] ?? []].flat().filter((value) => typeof value === "string");
    if (values.length > 0) parsed[dimension] = values;
  }
  const { errors_only: errors, q, min_duration_ms: slow } = search;
  if (errors === true || errors === "true") parsed.errors_only = true;
  if (typeof q === "string" && q.trim()) parsed.q = q;
  if (Number(slow) > 0) parsed.min_duration_ms = Number(slow);
  return parsed;
}

/** The same as the API takes it, with presets counted back from `now`. */
export function queryOf(search: CallSearch, projectId: string, now: number) {
  return { ...filterOf(search), ...boundsOf(search, now), project_id: projectId };
}

/** The search without its time range. */
export function filterOf(search: CallSearch): CallFilter {
  const filter: CallSearch = { ...search };
  delete filter.range;
  delete filter.from;
  delete filter.to;
  return filter;
}

export function isFiltered(search: CallSearch): boolean {
  return Object.values<unknown>(filterOf(search)).some((value) => value !== undefined);
}

/** The search with `value` added to `dimension`, or taken out where it was in. */
export function toggleValue<S extends CallSearch>(
  search: S,
  dimension: Dimension,
  value: string,
): S {
  const values = search[dimension] ?? [];
  const next = values.includes(value) ? values.filter((one) => one !== value) : [...values, value];
  return { ...search, [dimension]: next.length > 0 ? next : undefined };
}
