import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";

/** A feature of an application; calls name it as their model. */
export type UseCase = Schemas["UseCaseView"];
/** The releases that answer a use case in an environment. */
export type Rollout = Schemas["RolloutView"];
export type RolloutArm = Schemas["RolloutArmView"];
/** Several releases of a rollout under a plan. */
export type Comparison = Schemas["RolloutComparisonView"];
export type Release = Schemas["ReleaseView"];

const REFRESH_MS = 10_000;
const PROJECT = "/api/v1/projects/{project_id}";

export const useCaseKeys = {
  all: (projectId: string) => ["use-cases", projectId] as const,
  one: (projectId: string, name: string) => ["use-cases", projectId, name] as const,
};

export const rolloutKeys = {
  all: (projectId: string) => ["rollouts", projectId] as const,
};

export const releaseKeys = {
  all: (projectId: string) => ["releases", projectId] as const,
};

/** The use cases of the project by name. */
export const useCasesQuery = (project_id: string) =>
  queryOptions({
    queryKey: useCaseKeys.all(project_id),
    queryFn: async () =>
      (await data(api.GET(`${PROJECT}/use-cases`, { params: { path: { project_id } } }))).items,
  });

export const useCaseQuery = (project_id: string, name: string) =>
  queryOptions({
    queryKey: useCaseKeys.one(project_id, name),
    queryFn: () =>
      data(api.GET(`${PROJECT}/use-cases/{name}`, { params: { path: { project_id, name } } })),
  });

/** What answers calls now, by use case and environment. */
export const rolloutsQuery = (project_id: string) =>
  queryOptions({
    queryKey: [...rolloutKeys.all(project_id), "list"],
    queryFn: async () =>
      (await data(api.GET(`${PROJECT}/rollouts`, { params: { path: { project_id } } }))).items,
    refetchInterval: REFRESH_MS,
  });

/** The comparisons that run or are paused. */
export const comparisonsQuery = (project_id: string) =>
  queryOptions({
    queryKey: [...rolloutKeys.all(project_id), "comparisons"],
    queryFn: async () => {
      const params = { path: { project_id } };
      return (await data(api.GET(`${PROJECT}/rollouts/comparisons`, { params }))).items;
    },
    refetchInterval: REFRESH_MS,
  });

/** A release by its hash, which never changes. */
export const releaseQuery = (project_id: string, release: string) =>
  queryOptions({
    queryKey: [...releaseKeys.all(project_id), "one", release],
    queryFn: () =>
      data(api.GET(`${PROJECT}/releases/{release}`, { params: { path: { project_id, release } } })),
    staleTime: Infinity,
  });

/** The newest releases, to choose from and to name others by. */
export const recentReleasesQuery = (project_id: string) =>
  queryOptions({
    queryKey: [...releaseKeys.all(project_id), "recent"],
    queryFn: async () => {
      const params = { path: { project_id }, query: { limit: 500 } };
      return (await data(api.GET(`${PROJECT}/releases`, { params }))).items;
    },
    staleTime: 30_000,
  });

/** Finds what belongs to a use case in an environment. */
export function at<T extends { use_case: string; environment: string }>(
  items: readonly T[] | undefined,
  use_case: string,
  environment: string,
): T | undefined {
  return items?.find((each) => each.use_case === use_case && each.environment === environment);
}
