/** The search parameters of the list of limits. */
export interface LimitsSearch {
  q?: string | undefined;
  order?: "used" | undefined;
}

export function parseLimitsSearch({ q, order }: Record<string, unknown>): LimitsSearch {
  return {
    ...(typeof q === "string" && q ? { q } : {}),
    ...(order === "used" ? { order } : {}),
  };
}

/** The search parameters of a limit: the values of the counter to show. */
export interface LimitSearch {
  value?: string[] | undefined;
}

export function parseLimitSearch(search: Record<string, unknown>): LimitSearch {
  if (!("value" in search)) return {};
  return { value: [search["value"]].flat().map(String) };
}
