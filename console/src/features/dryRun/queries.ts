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
