import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/shared/api/client";

/** The keys that a request can be sent with, by name. */
export const usableKeysQuery = (project_id: string) =>
  queryOptions({
    queryKey: ["usable-keys", project_id],
    queryFn: async () => {
      const params = { path: { project_id }, query: { limit: 500 } };
      const page = await data(api.GET("/api/v1/projects/{project_id}/keys", { params }));
      return page.items
        .filter((key) => key.revoked_at === null)
        .sort((one, other) => one.name.localeCompare(other.name));
    },
    staleTime: 60_000,
  });
