import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";
import { boundsOf, type Preset } from "@/shared/timeRange";

export type OnlineEvaluation = Schemas["OnlineEvaluationView"];
export type NewOnline = Schemas["OnlineEvaluationBody"];
export type OnlineFigures = Schemas["OnlineFiguresView"];
export type OnlineGroup = Schemas["OnlineGroupView"];
export type OnlineMetric = Schemas["OnlineMetricView"];

const ALL = "/api/v1/projects/{project_id}/online-evaluations";
const ONE = `${ALL}/{name}` as const;
const PAGE = 100;
const WORST = 20;
const REFRESH_MS = 5000;

const keys = {
  all: (project_id: string) => ["online-evaluations", project_id] as const,
  one: (project_id: string, name: string) => [...keys.all(project_id), "one", name] as const,
};

/** The online evaluations of a project by name, page by page. */
export const onlineListQuery = (project_id: string) =>
  infiniteQueryOptions({
    queryKey: [...keys.all(project_id), "list"],
    queryFn: ({ pageParam: cursor }) => {
      const query = { cursor, limit: PAGE };
      return data(api.GET(ALL, { params: { path: { project_id }, query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: REFRESH_MS,
  });

export const onlineQuery = (project_id: string, name: string) =>
  queryOptions({
    queryKey: [...keys.one(project_id, name), "rule"],
    queryFn: () => data(api.GET(ONE, { params: { path: { project_id, name } } })),
    refetchInterval: REFRESH_MS,
  });

/** The figures of a time; read again when there are more measured calls. */
export const onlineFiguresQuery = (
  project_id: string,
  name: string,
  range: Preset,
  measured: number,
) =>
  queryOptions({
    queryKey: [...keys.one(project_id, name), "figures", range, measured],
    queryFn: () => {
      const query = boundsOf({ range }, Date.now());
      const params = { path: { project_id, name }, query };
      return data(api.GET(`${ONE}/figures`, { params }));
    },
    placeholderData: keepPreviousData,
  });

/** The calls with the worst values of a metric. */
export const worstQuery = (project_id: string, name: string, metric: string, range: Preset) =>
  queryOptions({
    queryKey: [...keys.one(project_id, name), "worst", metric, range],
    queryFn: () => {
      const query = { ...boundsOf({ range }, Date.now()), metric, limit: WORST };
      const params = { path: { project_id, name }, query };
      return data(api.GET(`${ONE}/worst`, { params }));
    },
    placeholderData: keepPreviousData,
  });

/** Pauses an online evaluation, or resumes it. */
export function useSwitchOnline(name: string) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (enabled: boolean) =>
      data(api.PATCH(ONE, { params: { path: { project_id, name } }, body: { enabled } })),
    invalidates: [keys.all(project_id)],
    successToast: "Online evaluation changed",
    errorToast: true,
  });
}

/** Sets an online evaluation; in place of another of its name it goes on where that one is. */
export function useSetOnline(onSet: (set: OnlineEvaluation) => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: ({ name, body }: { name: string; body: NewOnline }) =>
      data(api.PUT(ONE, { params: { path: { project_id, name } }, body })),
    invalidates: [keys.all(project_id)],
    successToast: "Online evaluation saved",
    onSuccess: onSet,
  });
}

/** Ends an online evaluation; its scores stay. */
export function useRemoveOnline(onRemoved: () => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (name: string) => data(api.DELETE(ONE, { params: { path: { project_id, name } } })),
    invalidates: [[...keys.all(project_id), "list"]],
    successToast: "Online evaluation ended",
    onSuccess: onRemoved,
  });
}
