import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useCaseKeys, type UseCase } from "@/shared/releases/queries";
import { useProjectId } from "@/shared/session";

export type NewUseCase = Schemas["NewUseCaseBody"];
export type UseCaseChange = Schemas["UseCaseChangeBody"];

const USE_CASES = "/api/v1/projects/{project_id}/use-cases";
const REFRESH_MS = 30_000;

/** A use case as it is now, to edit it: never an older one that the browser remembers. */
export const presentUseCaseQuery = (project_id: string, name: string) =>
  queryOptions({
    queryKey: ["present-use-case", project_id, name],
    queryFn: () => data(api.GET(`${USE_CASES}/{name}`, { params: { path: { project_id, name } } })),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });

/** Calls of the last 24 hours by use case; those without calls are left out. */
export const callsByUseCaseQuery = (project_id: string) =>
  queryOptions({
    queryKey: ["calls", project_id, "overview", "by-use-case"],
    queryFn: async () => {
      const overview = await data(
        api.GET("/api/v1/overview", { params: { query: { project_id } } }),
      );
      const groups = overview["by_use_case"] as Schemas["GroupOut"][];
      return new Map(groups.map((group) => [group.value, group]));
    },
    staleTime: REFRESH_MS,
    refetchInterval: 2 * REFRESH_MS,
  });

/** The scores of a use case in the last 7 days, by name. */
export const useCaseScoresQuery = (project_id: string, name: string) =>
  queryOptions({
    queryKey: ["scores", project_id, "of-use-case", name],
    queryFn: async () => {
      const query = { project_id, use_case: [name] };
      return (await data(api.GET("/api/v1/scores/measures", { params: { query } }))).items;
    },
    placeholderData: keepPreviousData,
    refetchInterval: 2 * REFRESH_MS,
  });

/** The outcomes of the sessions of a use case in the last 7 days. */
export const useCaseOutcomesQuery = (project_id: string, name: string) =>
  queryOptions({
    queryKey: ["scores", project_id, "outcomes", name],
    queryFn: async () => {
      const query = { project_id, use_case: [name] };
      return (await data(api.GET("/api/v1/outcomes", { params: { query } }))).items[0] ?? null;
    },
    refetchInterval: 2 * REFRESH_MS,
  });

export function useAddUseCase(onAdded: (added: UseCase) => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: NewUseCase) =>
      data(api.POST(USE_CASES, { params: { path: { project_id } }, body })),
    invalidates: [useCaseKeys.all(project_id)],
    successToast: "Use case added",
    onSuccess: onAdded,
  });
}

/** Saves the next version. Fails with `use_case_changed` if somebody else was faster. */
export function useSaveUseCase(name: string, onSaved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: UseCaseChange) =>
      data(api.PUT(`${USE_CASES}/{name}`, { params: { path: { project_id, name } }, body })),
    invalidates: [useCaseKeys.all(project_id)],
    successToast: "Use case saved",
    onSuccess: onSaved,
  });
}

export function useRemoveUseCase(onRemoved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (name: string) =>
      data(api.DELETE(`${USE_CASES}/{name}`, { params: { path: { project_id, name } } })),
    invalidates: [useCaseKeys.all(project_id)],
    successToast: "Use case removed",
    onSuccess: onRemoved,
  });
}
