import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";

export interface Usage {
  byKey: Map<string, Schemas["GroupOut"]>;
  byProvider: Map<string, Schemas["GroupOut"]>;
}

/** Metrics by key and by provider of the last 24 hours; those without calls are left out. */
export const usageQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["usage", projectId],
    queryFn: async (): Promise<Usage> => {
      const query = { project_id: projectId };
      const overview = await data(api.GET("/api/v1/overview", { params: { query } }));
      return { byKey: byValue(overview.by_key), byProvider: byValue(overview.by_provider) };
    },
    staleTime: 30_000,
    refetchInterval: 60_000,
  });

function byValue(groups: Schemas["GroupOut"][]): Map<string, Schemas["GroupOut"]> {
  return new Map(groups.map((group) => [group.value, group]));
}
