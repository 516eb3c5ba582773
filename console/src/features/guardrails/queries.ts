import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type Policy = Schemas["GuardrailView"];
export type Check = Schemas["GuardrailCheckView"];
export type NewPolicy = Schemas["GuardrailBody"];
export type PolicyChange = Schemas["GuardrailChangeBody"];

const GUARDRAILS = "/api/v1/projects/{project_id}/guardrails";

const guardrailKeys = {
  of: (projectId: string) => ["guardrails", projectId] as const,
  present: (projectId: string, id: string) => ["present-guardrail", projectId, id] as const,
};

/** The policies of the project by name. */
export const guardrailsQuery = (project_id: string) =>
  queryOptions({
    queryKey: guardrailKeys.of(project_id),
    queryFn: async () =>
      (await data(api.GET(GUARDRAILS, { params: { path: { project_id } } }))).items,
  });

/** A policy as it is now, to edit it: never an older one that the browser remembers. */
export const presentPolicyQuery = (project_id: string, policy_id: string) =>
  queryOptions({
    queryKey: guardrailKeys.present(project_id, policy_id),
    queryFn: () =>
      data(api.GET(`${GUARDRAILS}/{policy_id}`, { params: { path: { project_id, policy_id } } })),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });

/** The names of the installed detectors. */
export const detectorsQuery = (project_id: string) =>
  queryOptions({
    queryKey: ["detectors", project_id],
    queryFn: async () => {
      const params = { path: { project_id } };
      const found = await data(api.GET(`${GUARDRAILS}/detectors`, { params }));
      return found.items.map(({ name }) => name);
    },
    staleTime: 5 * 60_000,
  });

export function useAddPolicy(onAdded: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: NewPolicy) =>
      data(api.POST(GUARDRAILS, { params: { path: { project_id } }, body })),
    invalidates: [guardrailKeys.of(project_id)],
    successToast: "Policy added",
    onSuccess: onAdded,
  });
}

/** Saves the next version. Fails with `guardrail_changed` if somebody else was faster. */
export function useSavePolicy(policy_id: string, onSaved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: PolicyChange) =>
      data(
        api.PUT(`${GUARDRAILS}/{policy_id}`, { params: { path: { project_id, policy_id } }, body }),
      ),
    invalidates: [guardrailKeys.of(project_id)],
    successToast: "Policy saved",
    onSuccess: onSaved,
  });
}

export function useRemovePolicy(onRemoved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (policy_id: string) =>
      data(
        api.DELETE(`${GUARDRAILS}/{policy_id}`, { params: { path: { project_id, policy_id } } }),
      ),
    invalidates: [guardrailKeys.of(project_id)],
    successToast: "Policy removed",
    onSuccess: onRemoved,
  });
}
