import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { selectionOfFilter } from "@/shared/calls/selection";
import { filterOf, type CallSearch } from "@/shared/calls/search";
import { useProjectId } from "@/shared/session";
import { boundsOf } from "@/shared/timeRange";

export type AddedCalls = Schemas["AddedCallsView"];
/** Calls to add: by their spans, or the newest ones that a search finds. */
export type ChosenCalls = { span_ids: string[] } | { search: CallSearch };

/** Most calls of one request: the server's limit. */
export const MAX_CALLS = 200;

interface AddCalls {
  dataset: string;
  calls: ChosenCalls;
  keep_output: boolean;
  message: string;
  limit: number;
}

/** Adds recorded calls to a dataset. */
export function useAddCalls() {
  const project_id = useProjectId();
  return useApiMutation({
    run: ({ dataset, calls, keep_output, message, limit }: AddCalls) => {
      const params = { path: { project_id, name: dataset } };
      const chosen =
        "span_ids" in calls
          ? { span_ids: calls.span_ids }
          : { filter: callFilter(calls.search, limit) };
      const body = { ...chosen, keep_output, message };
      return data(
        api.POST("/api/v1/projects/{project_id}/datasets/{name}/from-traces", { params, body }),
      );
    },
    invalidates: [["datasets", project_id]],
  });
}

function callFilter(search: CallSearch, limit: number) {
  const filter = filterOf(search);
  return {
    ...selectionOfFilter(filter),
    text: filter.q ?? "",
    errors_only: filter.errors_only ?? false,
    ...boundsOf(search, Date.now()),
    limit,
  };
}

/** The filter of a list of calls that datasets do not know; empty if there is none. */
export function unknownFilter({ cached_only, min_duration_ms }: CallSearch): string {
  if (cached_only) return "Answered from the cache";
  return min_duration_ms ? "Duration" : "";
}
