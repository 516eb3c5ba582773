import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { evaluationKeys } from "@/features/evaluations/queries";
import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type Schedule = Schemas["EvaluationScheduleView"];
export type NewSchedule = Schemas["EvaluationScheduleBody"];
export type ScheduledTarget = Schemas["ScheduledTargetBody"];
export type ScheduleTrigger = Schemas["ScheduleTriggerBody"];
export type TriggerEvent = Schemas["TriggerEvent"];
export type ScheduleStart = Schemas["ScheduleStartView"];

const ALL = "/api/v1/projects/{project_id}/evaluation-schedules";
const ONE = `${ALL}/{name}` as const;
const PAGE = 100;
const REFRESH_MS = 5000;

const keys = {
  all: (project_id: string) => ["evaluation-schedules", project_id] as const,
  list: (project_id: string) => [...keys.all(project_id), "list"] as const,
  one: (project_id: string, name: string) => [...keys.all(project_id), "one", name] as const,
};

/** The schedules of a project by name, page by page. */
export const schedulesQuery = (project_id: string) =>
  infiniteQueryOptions({
    queryKey: keys.list(project_id),
    queryFn: ({ pageParam: cursor }) => {
      const query = { cursor, limit: PAGE };
      return data(api.GET(ALL, { params: { path: { project_id }, query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: REFRESH_MS,
  });

export const scheduleQuery = (project_id: string, name: string) =>
  queryOptions({
    queryKey: [...keys.one(project_id, name), "schedule"],
    queryFn: () => data(api.GET(ONE, { params: { path: { project_id, name } } })),
    refetchInterval: REFRESH_MS,
  });

/** The log of a schedule, newest first: all that the server keeps. */
export const startsQuery = (project_id: string, name: string) =>
  queryOptions({
    queryKey: [...keys.one(project_id, name), "starts"],
    queryFn: async () => {
      const params = { path: { project_id, name }, query: { limit: PAGE } };
      return (await data(api.GET(`${ONE}/starts`, { params }))).items;
    },
    refetchInterval: REFRESH_MS,
  });

/** Sets a schedule, which starts runs from now on. */
export function useSetSchedule(onSet: (set: Schedule) => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: ({ name, body }: { name: string; body: NewSchedule }) =>
      data(api.PUT(ONE, { params: { path: { project_id, name } }, body })),
    invalidates: [keys.all(project_id)],
    successToast: "Schedule saved",
    onSuccess: onSet,
  });
}

/** Switches a schedule on or off. */
export function useSwitchSchedule(name: string) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (enabled: boolean) =>
      data(api.PATCH(ONE, { params: { path: { project_id, name } }, body: { enabled } })),
    invalidates: [keys.all(project_id)],
    successToast: "Schedule changed",
    errorToast: true,
  });
}

/** Starts a run of a schedule now. */
export function useStartSchedule(name: string) {
  const project_id = useProjectId();
  return useApiMutation({
    run: () => data(api.POST(`${ONE}/start`, { params: { path: { project_id, name } } })),
    invalidates: [keys.all(project_id), evaluationKeys.all(project_id)],
    successToast: "Run started",
    errorToast: true,
  });
}

/** Removes a schedule; its runs stay. */
export function useRemoveSchedule(onRemoved: () => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (name: string) => data(api.DELETE(ONE, { params: { path: { project_id, name } } })),
    invalidates: [keys.list(project_id)],
    successToast: "Schedule removed",
    onSuccess: onRemoved,
  });
}
