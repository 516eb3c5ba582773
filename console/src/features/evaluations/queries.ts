import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import type { RunSearch, Selection } from "@/features/evaluations/search";
import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type Run = Schemas["EvaluationRunView"];
export type RunState = Schemas["RunState"];
export type Report = Schemas["EvaluationReportView"];
export type MetricReport = Schemas["MetricReportView"];
export type MetricFacts = Schemas["MetricFactsView"];
export type Estimate = Schemas["EstimateView"];
export type Result = Schemas["ResultView"];
export type ResultState = Schemas["ResultState"];
export type Measurement = Schemas["MeasurementView"];
export type MetricDifference = Schemas["MetricDifferenceView"];
export type ComparedItem = Schemas["ComparedItemView"];
export type Gate = Schemas["GateView"];
export type Item = Schemas["DatasetItemView"];

const PROJECT = "/api/v1/projects/{project_id}";
const RUNS = `${PROJECT}/evaluations` as const;
const RUN = `${RUNS}/{run_id}` as const;
const LIST_PAGE = 100;
const RESULT_PAGE = 50;
const COMPARED_PAGE = 20;
const REFRESH_MS = 3000;

export const evaluationKeys = {
  all: (project_id: string) => ["evaluations", project_id] as const,
  run: (project_id: string, id: string) => ["evaluations", project_id, "run", id] as const,
};

/** Whether a run goes on by itself. */
export function isOpen({ state }: Run): boolean {
  return state === "queued" || state === "running";
}

/** The runs of a project, newest first, page by page; those of a dataset if it is given. */
export const runsQuery = (project_id: string, dataset: string) =>
  infiniteQueryOptions({
    queryKey: [...evaluationKeys.all(project_id), "list", dataset],
    queryFn: ({ pageParam: cursor }) => {
      const query = { dataset, cursor, limit: LIST_PAGE };
      return data(api.GET(RUNS, { params: { path: { project_id }, query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ items }) => items.some(isOpen)) ? REFRESH_MS : false,
  });

export const runQuery = (project_id: string, run_id: string) =>
  queryOptions({
    queryKey: [...evaluationKeys.run(project_id, run_id), "run"],
    queryFn: () => data(api.GET(RUN, { params: { path: { project_id, run_id } } })),
    refetchInterval: ({ state }) => (state.data && isOpen(state.data) ? REFRESH_MS : false),
  });

/** The report of a run that has ended. */
export const reportQuery = (project_id: string, run: Pick<Run, "id" | "state">) =>
  queryOptions({
    queryKey: [...evaluationKeys.run(project_id, run.id), "report", run.state],
    queryFn: () =>
      data(api.GET(`${RUN}/report`, { params: { path: { project_id, run_id: run.id } } })),
    staleTime: Infinity,
  });

/** The results of a run that a selection chooses, page by page. */
export const resultsQuery = (project_id: string, run_id: string, search: RunSearch) =>
  infiniteQueryOptions({
    queryKey: [...evaluationKeys.run(project_id, run_id), "results", search],
    queryFn: ({ pageParam: cursor }) => {
      const { state, measured, ...selection } = search;
      const query = {
        cursor,
        limit: RESULT_PAGE,
        ...selection,
        ...(state && { state: [state] }),
        ...(measured && { measured: [measured] }),
      };
      return data(api.GET(`${RUN}/results`, { params: { path: { project_id, run_id }, query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

/** Some items of the dataset of a run, by id. */
export const itemsQuery = (project_id: string, run: Run, ids: readonly string[]) =>
  queryOptions({
    queryKey: ["dataset-items", project_id, run.dataset, run.version, ids],
    queryFn: async () => {
      const path = { project_id, name: run.dataset };
      const query = { version: run.version, id: [...ids], limit: Math.max(1, ids.length) };
      const found = await data(
        api.GET(`${PROJECT}/datasets/{name}/items`, { params: { path, query } }),
      );
      return new Map(found.items.map((item) => [item.id, item]));
    },
    enabled: ids.length > 0,
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });

/** Runs compared with the first of them. */
export const comparisonQuery = (project_id: string, run: readonly string[]) =>
  queryOptions({
    queryKey: [...evaluationKeys.all(project_id), "compare", run],
    queryFn: () => {
      const params = { path: { project_id }, query: { run: [...run] } };
      return data(api.GET(`${RUNS}/compare`, { params }));
    },
    enabled: run.length > 1,
    staleTime: 60_000,
  });

/** The items of two runs, those first on which the second one is worst; of a metric only those
 * that differ in it. */
export const regressionsQuery = (
  project_id: string,
  baseline: string,
  candidate: string,
  selection: Selection,
) =>
  infiniteQueryOptions({
    queryKey: [...evaluationKeys.all(project_id), "regressions", baseline, candidate, selection],
    queryFn: ({ pageParam: cursor }) => {
      const query = { baseline, candidate, cursor, limit: COMPARED_PAGE, ...selection };
      return data(api.GET(`${RUNS}/regressions`, { params: { path: { project_id }, query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

/** The gates of a project, newest first, page by page. */
export const gatesQuery = (project_id: string) =>
  infiniteQueryOptions({
    queryKey: [...evaluationKeys.all(project_id), "gates"],
    queryFn: ({ pageParam: cursor }) => {
      const query = { cursor, limit: LIST_PAGE };
      return data(api.GET(`${PROJECT}/gates`, { params: { path: { project_id }, query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** The installed evaluators with the schemas of their options. */
export const evaluatorsQuery = (project_id: string) =>
  queryOptions({
    queryKey: ["evaluators", project_id],
    queryFn: () => data(api.GET(`${PROJECT}/evaluators`, { params: { path: { project_id } } })),
    staleTime: Infinity,
  });

export function useStartRun(onStarted: (run: Run) => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: Schemas["EvaluationBody"]) =>
      data(api.POST(RUNS, { params: { path: { project_id } }, body })),
    invalidates: [evaluationKeys.all(project_id)],
    successToast: "Run started",
    onSuccess: onStarted,
  });
}

/** Ends a run; what was measured is kept. */
export function useCancelRun(run_id: string) {
  const project_id = useProjectId();
  return useApiMutation({
    run: () => data(api.POST(`${RUN}/cancel`, { params: { path: { project_id, run_id } } })),
    invalidates: [evaluationKeys.all(project_id)],
    successToast: "Run cancelled",
    errorToast: true,
  });
}

/** Does what is missing in a run, and again what failed. */
export function useResumeRun(run_id: string) {
  const project_id = useProjectId();
  return useApiMutation({
    run: () =>
      data(api.POST(`${RUN}/resume`, { params: { path: { project_id, run_id } }, body: {} })),
    invalidates: [evaluationKeys.all(project_id)],
    successToast: "Run resumed",
    errorToast: true,
  });
}

/** Removes a run that has ended, with its results. */
export function useRemoveRun(onRemoved: () => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (run_id: string) => data(api.DELETE(RUN, { params: { path: { project_id, run_id } } })),
    invalidates: [[...evaluationKeys.all(project_id), "list"]],
    successToast: "Run removed",
    onSuccess: onRemoved,
  });
}
