import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";

/** A name that stands for several models: calls name it as their model. */
export type Route = Schemas["RouteView"];
export type RouteTarget = Schemas["RouteTargetView"];

export const routeKeys = {
  all: (projectId: string) => ["routes", projectId] as const,
  one: (projectId: string, name: string) => ["route", projectId, name] as const,
  present: (projectId: string, name: string) => ["present-route", projectId, name] as const,
};

/** The routes of the project by name. */
export const routesQuery = (projectId: string) =>
  queryOptions({
    queryKey: routeKeys.all(projectId),
    queryFn: async () => {
      const params = { path: { project_id: projectId } };
      return (await data(api.GET("/api/v1/projects/{project_id}/routes", { params }))).items;
    },
  });
