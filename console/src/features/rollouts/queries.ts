import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { releaseKeys, rolloutKeys } from "@/shared/releases/queries";
import { useProjectId } from "@/shared/session";

export type RolloutChange = Schemas["RolloutChangeView"];
export type Decision = Schemas["RolloutDecisionView"];
export type Plan = Schemas["PlanBody"];
export type ShadowReport = Schemas["ShadowReportView"];
export type Guard = Schemas["GuardBody"];

/** A use case in an environment. */
export interface Place {
  use_case: string;
  environment: string;
}

/** The figures of a metric of an arm, as evidence has them. */
export interface Tally {
  size: number;
  total: number;
  squares: number;
}

/** The evidence on one guard metric of one candidate. */
export interface GuardEvidence {
  arm: string;
  guard: string;
  candidate: Tally;
  baseline: Tally;
  beyond: number;
  within: number;
  enough: boolean;
}

const ONE = "/api/v1/projects/{project_id}/rollouts/{use_case}/{environment}";
const COMPARISON = `${ONE}/comparison` as const;
const REFRESH_MS = 10_000;
const PAGE_SIZE = 100;

/** The latest changes of a rollout, newest first. */
export const historyQuery = (project_id: string, place: Place) =>
  queryOptions({
    queryKey: [...rolloutKeys.all(project_id), "history", place],
    queryFn: async () => {
      const params = { path: { project_id, ...place }, query: { limit: PAGE_SIZE } };
      return (await data(api.GET(`${ONE}/history`, { params }))).items;
    },
    refetchInterval: REFRESH_MS,
  });

/** What the rule of a rollout decided, newest first. */
export const decisionsQuery = (project_id: string, place: Place) =>
  queryOptions({
    queryKey: [...rolloutKeys.all(project_id), "decisions", place],
    queryFn: async () => {
      const params = { path: { project_id, ...place }, query: { limit: PAGE_SIZE } };
      return (await data(api.GET(`${ONE}/decisions`, { params }))).items;
    },
    refetchInterval: REFRESH_MS,
  });

/** What the shadow of a rollout has shown in 7 days. */
export const shadowReportQuery = (project_id: string, place: Place) =>
  queryOptions({
    queryKey: [...rolloutKeys.all(project_id), "shadow", place],
    queryFn: () => data(api.GET(`${ONE}/shadow`, { params: { path: { project_id, ...place } } })),
    refetchInterval: 3 * REFRESH_MS,
  });

/** What the shadow of a rollout has cost since midnight UTC, in USD. */
export const shadowSpentQuery = (project_id: string, place: Place, release: string) =>
  queryOptions({
    queryKey: [...rolloutKeys.all(project_id), "shadow-spent", place, release],
    queryFn: async () => {
      const from = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`;
      const query = {
        project_id,
        use_case: [place.use_case],
        environment: [place.environment],
        release: [release],
        arm: ["shadow"],
        from,
      };
      return Number((await data(api.GET("/api/v1/overview", { params: { query } }))).totals.cost);
    },
    refetchInterval: 3 * REFRESH_MS,
  });

/** The evidence of the comparison of one version of a rollout, and what its rule says now. A change
 * of the rollout does not ask for it again: it may have ended the comparison. */
export const evidenceQuery = (project_id: string, place: Place, version: number) =>
  queryOptions({
    queryKey: ["rollout-evidence", project_id, place, version],
    queryFn: () =>
      data(api.GET(`${COMPARISON}/evidence`, { params: { path: { project_id, ...place } } })),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });

/** The evidence of a decision by guard metric. */
export function guardEvidence(evidence: Record<string, unknown>): GuardEvidence[] {
  return (evidence["metrics"] ?? []) as GuardEvidence[];
}

interface Reason {
  message: string;
}

/** A change of what answers. `seen`: the version of the rollout that the user saw. */
function useRolloutChange<Input, Result>(
  run: (path: Place & { project_id: string }, input: Input) => Promise<Result>,
  place: Place,
  successToast: string,
  onDone: () => void,
) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (input: Input) => run({ project_id, ...place }, input),
    invalidates: [rolloutKeys.all(project_id), [...releaseKeys.all(project_id), "lineage"]],
    successToast,
    onSuccess: onDone,
  });
}

export const useStart = (place: Place, seen: number, onDone: () => void) =>
  useRolloutChange(
    (path, input: Reason & { release: string }) =>
      data(api.PUT(ONE, { params: { path }, body: { seen, ...input } })),
    place,
    "The release answers all calls",
    onDone,
  );

export const useStop = (place: Place, seen: number, onDone: () => void) =>
  useRolloutChange(
    (path, { message }: Reason) =>
      data(api.DELETE(ONE, { params: { path, query: { seen, message } } })),
    place,
    "Rollout stopped",
    onDone,
  );

export const useUndo = (place: Place, seen: number, onDone: () => void) =>
  useRolloutChange(
    (path, { message }: Reason) =>
      data(api.POST(`${ONE}/undo`, { params: { path }, body: { seen, message } })),
    place,
    "Reverted",
    onDone,
  );

export const useSetShadow = (place: Place, seen: number, onDone: () => void) =>
  useRolloutChange(
    (path, body: Omit<Schemas["RolloutShadowBody"], "seen">) =>
      data(api.PUT(`${ONE}/shadow`, { params: { path }, body: { seen, ...body } })),
    place,
    "The shadow answers copies of calls",
    onDone,
  );

export const useEndShadow = (place: Place, seen: number, onDone: () => void) =>
  useRolloutChange(
    (path, { message }: Reason) =>
      data(api.DELETE(`${ONE}/shadow`, { params: { path, query: { seen, message } } })),
    place,
    "Shadow ended",
    onDone,
  );

export const usePause = (place: Place, onDone: () => void) =>
  useRolloutChange(
    (path, { message }: Reason) =>
      data(api.POST(`${COMPARISON}/pause`, { params: { path }, body: { message } })),
    place,
    "Paused",
    onDone,
  );

export const useResume = (place: Place, onDone: () => void) =>
  useRolloutChange(
    (path, { message }: Reason) =>
      data(api.POST(`${COMPARISON}/resume`, { params: { path }, body: { message } })),
    place,
    "Resumed",
    onDone,
  );

export const usePromote = (place: Place, seen: number, onDone: () => void) =>
  useRolloutChange(
    (path, input: Reason & { arm: string }) =>
      data(api.POST(`${COMPARISON}/promote`, { params: { path }, body: { seen, ...input } })),
    place,
    "Promoted",
    onDone,
  );

export const useRollBack = (place: Place, seen: number, onDone: () => void) =>
  useRolloutChange(
    (path, { message }: Reason) =>
      data(api.POST(`${COMPARISON}/roll-back`, { params: { path }, body: { seen, message } })),
    place,
    "Rolled back",
    onDone,
  );

export const useChangeShares = (place: Place, seen: number, onDone: () => void) =>
  useRolloutChange(
    (path, input: Reason & { percents: Record<string, number> }) =>
      data(api.PUT(`${COMPARISON}/shares`, { params: { path }, body: { seen, ...input } })),
    place,
    "Shares changed",
    onDone,
  );

/** Starts a canary, or a comparison by shares. */
export type NewComparison =
  | { kind: "canary"; body: Schemas["CanaryBody"] }
  | { kind: "shares"; body: Schemas["ComparisonBody"] };

export const useStartComparison = (place: Place, onDone: () => void) =>
  useRolloutChange(
    (path, { kind, body }: NewComparison) =>
      kind === "canary"
        ? data(api.POST(`${ONE}/canary`, { params: { path }, body }))
        : data(api.PUT(COMPARISON, { params: { path }, body })),
    place,
    "Comparison started",
    onDone,
  );
