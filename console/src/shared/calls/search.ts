import { CALL_ATTRIBUTES } from "@/shared/calls/attributes";
import { boundsOf, parseRange, type RangeSearch } from "@/shared/timeRange";

const LABELLED = [
  { name: "status", label: "Status" },
  { name: "model", label: "Model" },
  { name: "request_model", label: "Requested model" },
  { name: "provider", label: "Provider" },
  { name: "operation", label: "Operation" },
  ...CALL_ATTRIBUTES,
  { name: "key_id", label: "Key" },
  { name: "tag", label: "Tag" },
] as const;

/** A field that calls are filtered and grouped by, as the API names it. */
export type Dimension = (typeof LABELLED)[number]["name"];

export const DIMENSIONS: readonly Dimension[] = LABELLED.map(({ name }) => name);

export const DIMENSION_NAMES = Object.fromEntries(
  LABELLED.map(({ name, label }) => [name, label]),
) as Record<Dimension, string>;

/** The filter of a page, as in its query string. */
export type CallFilter = Partial<Record<Dimension, string[]>> & {
  errors_only?: boolean | undefined;
  /** Answered from the cache. */
  cached_only?: boolean | undefined;
  q?: string | undefined;
  min_duration_ms?: number | undefined;
};
export type CallSearch = RangeSearch & CallFilter;

/** Reads filter and range from search parameters; ignores unknown and invalid ones. */
export function parseCallSearch(search: Record<string, unknown>): CallSearch {
  const parsed: CallSearch = parseRange(search);
  for (const dimension of DIMENSIONS) {
    const values = [search[dimension] ?? []].flat().filter((value) => typeof value === "string");
    if (values.length > 0) parsed[dimension] = values;
  }
  const { errors_only: errors, cached_only: cached, q, min_duration_ms: slow } = search;
  if (errors === true || errors === "true") parsed.errors_only = true;
  if (cached === true || cached === "true") parsed.cached_only = true;
  if (typeof q === "string" && q.trim()) parsed.q = q;
  if (Number(slow) > 0) parsed.min_duration_ms = Number(slow);
  return parsed;
}

/** The API query of a search; a preset ends at `now` (Unix milliseconds). */
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

/** Adds `value` to a dimension, or removes it if present. */
export function toggleValue<S extends CallSearch>(
  search: S,
  dimension: Dimension,
  value: string,
): S {
  const values = search[dimension] ?? [];
  const next = values.includes(value) ? values.filter((one) => one !== value) : [...values, value];
  return { ...search, [dimension]: next.length > 0 ? next : undefined };
}
