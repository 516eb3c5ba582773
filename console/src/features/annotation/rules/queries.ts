import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type QueueRule = Schemas["QueueRuleView"];
export type NewQueueRule = Schemas["QueueRuleBody"];

const PROJECT = "/api/v1/projects/{project_id}" as const;
const RULE = `${PROJECT}/annotation/queues/{name}/rule` as const;
const REFRESH_MS = 10_000;
const CHOICES = 500;

const rulesKey = (project_id: string) => ["annotation", project_id, "rules"] as const;

/** The rule of a queue with what it has done; null if the queue has none. */
export const queueRuleQuery = (project_id: string, name: string) =>
  queryOptions({
    queryKey: rulesKey(project_id),
    queryFn: async () => {
      const params = { path: { project_id } };
      return (await data(api.GET(`${PROJECT}/annotation/rules`, { params }))).items;
    },
    select: (rules) => rules.find(({ fills }) => fills === name) ?? null,
    refetchInterval: REFRESH_MS,
  });

/** Online evaluations to choose from, by name. */
export const onlineChoicesQuery = (project_id: string) =>
  queryOptions({
    queryKey: ["online-evaluations", project_id, "choices"],
    queryFn: async () => {
      const params = { path: { project_id }, query: { limit: CHOICES } };
      return (await data(api.GET(`${PROJECT}/online-evaluations`, { params }))).items;
    },
  });

/** Sets the rule of a queue, in place of another one. */
export function useSetQueueRule(name: string, onSet: () => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: NewQueueRule) =>
      data(api.PUT(RULE, { params: { path: { project_id, name } }, body })),
    invalidates: [rulesKey(project_id)],
    successToast: "Rule saved",
    onSuccess: onSet,
  });
}

/** Pauses the rule of a queue, or resumes it. */
export function usePauseQueueRule(name: string) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (paused: boolean) =>
      data(api.PATCH(RULE, { params: { path: { project_id, name } }, body: { paused } })),
    invalidates: [rulesKey(project_id)],
    errorToast: true,
  });
}

/** Removes the rule of a queue; its items stay. */
export function useRemoveQueueRule(name: string, onRemoved: () => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: () => data(api.DELETE(RULE, { params: { path: { project_id, name } } })),
    invalidates: [rulesKey(project_id)],
    successToast: "Rule removed",
    onSuccess: onRemoved,
  });
}
