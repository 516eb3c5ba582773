import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type Limit = Schemas["LimitView"];
export type LimitUse = Schemas["LimitUseView"];
export type LimitHistory = Schemas["LimitHistoryView"];
export type LimitCounter = Schemas["LimitCounterView"];
export type NewLimit = Schemas["NewLimitBody"];
export type LimitChange = Schemas["LimitChangeBody"];

const LIMITS = "/api/v1/projects/{project_id}/limits";
const REFRESH_MS = 10_000;

const limitKeys = {
  of: (projectId: string) => ["limits", projectId] as const,
  one: (projectId: string, id: string) => ["limit", projectId, id] as const,
};

/** The limits of the project by name, with what is used now. */
export const limitsQuery = (project_id: string) =>
  queryOptions({
    queryKey: limitKeys.of(project_id),
    queryFn: async () => (await data(api.GET(LIMITS, { params: { path: { project_id } } }))).items,
    refetchInterval: REFRESH_MS,
  });

/** A limit with the use of the counter of `value`, one for each dimension that it counts by. */
export const limitQuery = (project_id: string, limit_id: string, value: readonly string[]) =>
  queryOptions({
    queryKey: [...limitKeys.one(project_id, limit_id), "use", value],
    queryFn: () =>
      data(
        api.GET(`${LIMITS}/{limit_id}`, {
          params: { path: { project_id, limit_id }, query: { value: [...value] } },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });

/** What was used when, of the counter of `value`. */
export const historyQuery = (project_id: string, limit_id: string, value: readonly string[]) =>
  queryOptions({
    queryKey: [...limitKeys.one(project_id, limit_id), "history", value],
    queryFn: () =>
      data(
        api.GET(`${LIMITS}/{limit_id}/history`, {
          params: { path: { project_id, limit_id }, query: { value: [...value] } },
        }),
      ),
    refetchInterval: REFRESH_MS,
  });

/** The counters of the values that have used most. */
export const countersQuery = (project_id: string, limit_id: string) =>
  queryOptions({
    queryKey: [...limitKeys.one(project_id, limit_id), "counters"],
    queryFn: async () => {
      const params = { path: { project_id, limit_id } };
      return (await data(api.GET(`${LIMITS}/{limit_id}/counters`, { params }))).items;
    },
    refetchInterval: REFRESH_MS,
  });

export function useAddLimit(onAdded: (limit: Limit) => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: NewLimit) => data(api.POST(LIMITS, { params: { path: { project_id } }, body })),
    invalidates: [limitKeys.of(project_id)],
    successToast: "Limit added",
    onSuccess: onAdded,
  });
}

export function useChangeLimit(limit_id: string, onSaved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: LimitChange) =>
      data(api.PATCH(`${LIMITS}/{limit_id}`, { params: { path: { project_id, limit_id } }, body })),
    invalidates: [limitKeys.of(project_id), limitKeys.one(project_id, limit_id)],
    successToast: "Limit saved",
    onSuccess: onSaved,
  });
}

export function useRemoveLimit(onRemoved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (limit_id: string) =>
      data(api.DELETE(`${LIMITS}/{limit_id}`, { params: { path: { project_id, limit_id } } })),
    invalidates: [limitKeys.of(project_id)],
    successToast: "Limit removed",
    onSuccess: onRemoved,
  });
}
