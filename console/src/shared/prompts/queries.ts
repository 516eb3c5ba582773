import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/shared/api/client";

/** Prompts to choose from, by name. */
export const promptChoicesQuery = (project_id: string) =>
  queryOptions({
    queryKey: ["prompts", project_id, "choices"],
    queryFn: async () => {
      const params = { path: { project_id }, query: { limit: 500 } };
      return (await data(api.GET("/api/v1/projects/{project_id}/prompts", { params }))).items;
    },
    staleTime: 30_000,
  });

/** The newest versions of a prompt. `prompt_id` empty: none. */
export const promptVersionsQuery = (project_id: string, prompt_id: string) =>
  queryOptions({
    queryKey: ["prompts", project_id, "version-choices", prompt_id],
    queryFn: async () => {
      const params = { path: { project_id, prompt_id }, query: { limit: 100 } };
      const path = "/api/v1/projects/{project_id}/prompts/{prompt_id}/versions";
      return (await data(api.GET(path, { params }))).items;
    },
    enabled: prompt_id !== "",
    staleTime: 30_000,
  });
