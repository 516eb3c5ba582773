import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/shared/api/client";

/** Datasets to choose from, by name. */
export const datasetChoicesQuery = (project_id: string) =>
  queryOptions({
    queryKey: ["datasets", project_id, "choices"],
    queryFn: async () => {
      const params = { path: { project_id }, query: { limit: 500 } };
      return (await data(api.GET("/api/v1/projects/{project_id}/datasets", { params }))).items;
    },
    staleTime: 30_000,
  });
