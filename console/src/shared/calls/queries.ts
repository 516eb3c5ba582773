import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data } from "@/shared/api/client";
import { queryOf, type CallSearch } from "@/shared/calls/search";
import { boundsOf, isLive, type RangeSearch } from "@/shared/timeRange";

const PAGE_SIZE = 100;
const REFRESH_MS = 15_000;

/** The query keys of calls. */
export const callKeys = {
  lists: (projectId: string) => ["calls", projectId, "list"] as const,
  list: (projectId: string, search: CallSearch) => ["calls", projectId, "list", search] as const,
  latest: (projectId: string) => ["calls", projectId, "latest"] as const,
  overviews: (projectId: string) => ["calls", projectId, "overview"] as const,
  overview: (projectId: string, search: CallSearch) =>
    ["calls", projectId, "overview", search] as const,
  facets: (projectId: string, range: RangeSearch) => ["calls", projectId, "facets", range] as const,
  trace: (projectId: string, traceId: string) => ["calls", projectId, "trace", traceId] as const,
};

/** Matching calls, newest first, page by page. */
export function callsQuery(projectId: string, search: CallSearch) {
  return infiniteQueryOptions({
    queryKey: callKeys.list(projectId, search),
    queryFn: ({ pageParam }) => {
      const query = { ...queryOf(search, projectId, Date.now()), limit: PAGE_SIZE };
      return data(
        api.GET("/api/v1/traces", { params: { query: { ...query, cursor: pageParam } } }),
      );
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

/** The most recent call of the project; `null` without any. */
export function latestCallQuery(projectId: string) {
  return queryOptions({
    queryKey: callKeys.latest(projectId),
    queryFn: async () => {
      const query = { project_id: projectId, limit: 1 };
      const page = await data(api.GET("/api/v1/traces/tail", { params: { query } }));
      return page.items[0] ?? null;
    },
  });
}

/** Totals, time series and groups of matching calls; refetched while the range ends now. */
export function overviewQuery(projectId: string, search: CallSearch) {
  return queryOptions({
    queryKey: callKeys.overview(projectId, search),
    queryFn: () => {
      const query = queryOf(search, projectId, Date.now());
      return data(api.GET("/api/v1/overview", { params: { query } }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: isLive(search) ? REFRESH_MS : false,
  });
}

/** How many matching calls were answered from the cache, and what that has saved. */
export function cacheQuery(projectId: string, search: CallSearch) {
  return queryOptions({
    queryKey: [...callKeys.overviews(projectId), "cache", search],
    queryFn: () => {
      const query = queryOf(search, projectId, Date.now());
      return data(api.GET("/api/v1/overview/cache", { params: { query } }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: isLive(search) ? REFRESH_MS : false,
  });
}

/** The values that calls can be filtered by, for each dimension. */
export function facetsQuery(projectId: string, range: RangeSearch) {
  return queryOptions({
    queryKey: callKeys.facets(projectId, range),
    queryFn: () => {
      const query = { ...boundsOf(range, Date.now()), project_id: projectId };
      return data(api.GET("/api/v1/traces/facets", { params: { query } }));
    },
    staleTime: 30_000,
  });
}
