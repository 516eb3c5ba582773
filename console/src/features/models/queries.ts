import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { fetchAllPages } from "@/shared/api/pagination";

export type Model = Schemas["ModelView"];
export type Facts = Schemas["ModelFactsView"];
export type ServingProvider = Schemas["ServingProviderView"];
export type Retirement = Schemas["RetirementView"];

/** All models of the project by id. */
export const modelsQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["models", projectId] as const,
    queryFn: () => {
      const path = { project_id: projectId };
      return fetchAllPages((cursor) => {
        const query = { cursor, limit: 500 };
        return data(api.GET("/api/v1/projects/{project_id}/models", { params: { path, query } }));
      });
    },
  });
