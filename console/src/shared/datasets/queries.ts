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

/** Versions of a dataset to choose from, newest first. */
export const versionChoicesQuery = (project_id: string, name: string) =>
  queryOptions({
    queryKey: ["datasets", project_id, "version-choices", name],
    queryFn: async () => {
      const params = { path: { project_id, name }, query: { limit: 100 } };
      const path = "/api/v1/projects/{project_id}/datasets/{name}/versions";
      return (await data(api.GET(path, { params }))).items;
    },
    enabled: name !== "",
  });

/** The number of items of each split of a version; of the newest one if none is given. */
export const splitChoicesQuery = (project_id: string, name: string, version: string) =>
  queryOptions({
    queryKey: ["datasets", project_id, "splits", name, version],
    queryFn: async () => {
      const query = version ? { version: Number(version) } : {};
      const params = { path: { project_id, name }, query };
      const path = "/api/v1/projects/{project_id}/datasets/{name}/splits";
      return (await data(api.GET(path, { params }))).items;
    },
    enabled: name !== "",
  });
