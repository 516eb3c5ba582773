import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import type { ReleasesSearch } from "@/features/releases/search";
import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { releaseKeys, type Release } from "@/shared/releases/queries";
import { useProjectId } from "@/shared/session";

export type Lineage = Schemas["LineageView"];
export type ReleasePart = Schemas["ReleasePartView"];

const PROJECT = "/api/v1/projects/{project_id}";
const RELEASES = `${PROJECT}/releases` as const;
const PAGE_SIZE = 100;

/** Releases that contain some parts, newest first, page by page. */
export const releasesQuery = (project_id: string, { model, prompt }: ReleasesSearch) =>
  infiniteQueryOptions({
    queryKey: [...releaseKeys.all(project_id), "list", model, prompt],
    queryFn: ({ pageParam: cursor }) => {
      const parts = { ...(model && { model }), ...(prompt && { prompt }) };
      const query = { ...parts, cursor, limit: PAGE_SIZE };
      return data(api.GET(RELEASES, { params: { path: { project_id }, query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

/** A release with what it contains, what contains it, and where it answers. */
export const lineageQuery = (project_id: string, release: string) =>
  queryOptions({
    queryKey: [...releaseKeys.all(project_id), "lineage", release],
    queryFn: () =>
      data(api.GET(`${RELEASES}/{release}/lineage`, { params: { path: { project_id, release } } })),
  });

/** The id of a prompt by its name; `null` if it has been removed. */
export const promptIdQuery = (project_id: string, name: string) =>
  queryOptions({
    queryKey: ["prompts", project_id, "id-of", name],
    queryFn: async () => {
      const query = { q: name, limit: 50 };
      const params = { path: { project_id }, query };
      const { items } = await data(api.GET(`${PROJECT}/prompts`, { params }));
      return items.find((prompt) => prompt.name === name)?.id ?? null;
    },
    staleTime: 60_000,
  });

/** The words that differ between two versions of a prompt. */
export const promptDiffQuery = (
  project_id: string,
  prompt_id: string,
  older: string,
  newer: string,
) =>
  queryOptions({
    queryKey: ["prompts", project_id, prompt_id, "diff", older, newer],
    queryFn: () => {
      const params = { path: { project_id, prompt_id }, query: { old: older, new: newer } };
      return data(api.GET(`${PROJECT}/prompts/{prompt_id}/diff`, { params }));
    },
    staleTime: Infinity,
  });

/** The hash of a version of a prompt. */
export async function digestOf(project_id: string, prompt_id: string, version: string) {
  const params = { path: { project_id, prompt_id, version } };
  return (await data(api.GET(`${PROJECT}/prompts/{prompt_id}/versions/{version}`, { params })))
    .digest;
}

export interface NewRelease {
  model: string;
  /** Empty: none. */
  prompt_id: string;
  version: string;
  parameters: Record<string, unknown>;
  message: string;
}

/** Makes a release. The same content again is the same release. */
export function useCreateRelease(onMade: (release: Release) => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: async ({ prompt_id, version, ...rest }: NewRelease) => {
      const prompt = prompt_id ? await digestOf(project_id, prompt_id, version) : null;
      const body = { ...rest, prompt };
      return data(api.POST(RELEASES, { params: { path: { project_id } }, body }));
    },
    invalidates: [releaseKeys.all(project_id)],
    successToast: "Release made",
    onSuccess: onMade,
  });
}
