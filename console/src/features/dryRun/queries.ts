import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type DryRun = Schemas["DryRunBody"];
export type Explanation = Schemas["ExplanationView"];
export type ExplainedTarget = Schemas["ExplainedTargetView"];
export type ExplainedLimit = Schemas["ExplainedLimitView"];

/** Asks the gateway what a request would do. It calls no provider. */
export function useDryRun() {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: DryRun) =>
      data(
        api.POST("/api/v1/projects/{project_id}/dry-run", {
          params: { path: { project_id } },
          body,
        }),
      ),
  });
}

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
