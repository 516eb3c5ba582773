import { infiniteQueryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";

export type Batch = Schemas["BatchView"];

const PAGE_SIZE = 50;
const REFRESH_MS = 10_000;

/** The batches of a project, newest first; refetched while the server follows one of them. */
export const batchesQuery = (project_id: string) =>
  infiniteQueryOptions({
    queryKey: ["batches", project_id],
    queryFn: ({ pageParam: cursor }) => {
      const params = { path: { project_id }, query: { cursor, limit: PAGE_SIZE } };
      return data(api.GET("/api/v1/projects/{project_id}/batches", { params }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.items.some((batch) => batch.state === "open"))
        ? REFRESH_MS
        : false,
  });

/** The time range that has the calls of a batch: all have the time at which it ended. */
export function rangeOfCalls(batch: Batch): { from: string; to: string } | null {
  if (batch.ended_at === null) return null;
  const ended = Date.parse(batch.ended_at);
  return {
    from: new Date(ended - 60_000).toISOString(),
    to: new Date(ended + 60_000).toISOString(),
  };
}
