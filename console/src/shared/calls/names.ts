import { queryOptions, useQuery } from "@tanstack/react-query";

import { api, data } from "@/shared/api/client";
import type { Dimension } from "@/shared/calls/search";
import { useMay, useProjectId } from "@/shared/session";

function keyNamesQuery(projectId: string) {
  return queryOptions({
    queryKey: ["key-names", projectId],
    queryFn: async () => {
      const params = { path: { project_id: projectId }, query: { limit: 200 } };
      const page = await data(api.GET("/api/v1/projects/{project_id}/keys", { params }));
      return Object.fromEntries(page.items.map((key) => [key.id, key.name]));
    },
    staleTime: 60_000,
  });
}

/** Returns display names of values: key names where the user may read keys, else the value. */
export function useValueName(): (dimension: Dimension, value: string) => string {
  const enabled = useMay()("keys:read");
  const names = useQuery({ ...keyNamesQuery(useProjectId()), enabled }).data;
  return (dimension, value) => (dimension === "key_id" ? (names?.[value] ?? value) : value);
}
