import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { callKeys } from "@/shared/calls/queries";
import { routeKeys } from "@/shared/calls/routes";
import { queryOf } from "@/shared/calls/search";
import { useProjectId } from "@/shared/session";
import type { Preset } from "@/shared/timeRange";

export type NewRoute = Schemas["NewRouteBody"];
export type RouteChange = Schemas["RouteChangeBody"];
/** How the attempts at one target went. */
export type TargetUsage = Schemas["TargetOut"];

const ROUTES = "/api/v1/projects/{project_id}/routes";
const REFRESH_MS = 15_000;

export const routeQuery = (projectId: string, name: string) =>
  queryOptions({
    queryKey: routeKeys.one(projectId, name),
    queryFn: () => getRoute(projectId, name),
  });

function getRoute(project_id: string, name: string) {
  return data(api.GET(`${ROUTES}/{name}`, { params: { path: { project_id, name } } }));
}

/** How the attempts of the calls of a route went, by provider and model. */
export const targetUsageQuery = (projectId: string, route: string, range: Preset) =>
  queryOptions({
    queryKey: [...callKeys.overviews(projectId), "targets", route, range],
    queryFn: async () => {
      const query = queryOf({ request_model: [route], range }, projectId, Date.now());
      return (await data(api.GET("/api/v1/traces/targets", { params: { query } }))).items;
    },
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });

/** The providers of the project that have a limit of calls at once. */
export const limitedProvidersQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["providers", projectId, "limited"],
    queryFn: async () => {
      const params = { path: { project_id: projectId } };
      const found = await data(api.GET("/api/v1/projects/{project_id}/providers", { params }));
      return found.items.filter(({ max_concurrency }) => max_concurrency > 0);
    },
  });

/** A route as it is now, to edit it: never an older one that the browser remembers. */
export const presentRouteQuery = (projectId: string, name: string) =>
  queryOptions({
    queryKey: routeKeys.present(projectId, name),
    queryFn: () => getRoute(projectId, name),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });

export function useAddRoute(onAdded: (route: Schemas["RouteView"]) => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: NewRoute) => data(api.POST(ROUTES, { params: { path: { project_id } }, body })),
    invalidates: [routeKeys.all(project_id)],
    successToast: "Route added",
    onSuccess: onAdded,
  });
}

/** Saves the next version of a route. Fails with `route_changed` if somebody else was faster. */
export function useSaveRoute(name: string, onSaved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: RouteChange) =>
      data(api.PUT(`${ROUTES}/{name}`, { params: { path: { project_id, name } }, body })),
    invalidates: [routeKeys.all(project_id), routeKeys.one(project_id, name)],
    successToast: "Route saved",
    onSuccess: onSaved,
  });
}

export function useRemoveRoute(onRemoved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (name: string) =>
      data(api.DELETE(`${ROUTES}/{name}`, { params: { path: { project_id, name } } })),
    invalidates: [routeKeys.all(project_id)],
    successToast: "Route removed",
    onSuccess: onRemoved,
  });
}
