import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import {
  contentOf,
  parseObject,
  type Content,
  type PromptForm,
} from "@/features/prompts/promptForm";
import type { PromptsSearch } from "@/features/prompts/search";
import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type Prompt = Schemas["PromptView"];
export type PromptVersion = Schemas["VersionView"];
export type Piece = Schemas["PieceView"];

const PROMPTS = "/api/v1/projects/{project_id}/prompts";
const ONE = `${PROMPTS}/{prompt_id}` as const;
const PAGE_SIZE = 100;

export const promptKeys = {
  all: (projectId: string) => ["prompts", projectId] as const,
  one: (projectId: string, id: string) => [...promptKeys.all(projectId), id] as const,
};

/** Prompts by name, page by page. */
export const promptsQuery = (project_id: string, search: PromptsSearch) =>
  infiniteQueryOptions({
    queryKey: [...promptKeys.all(project_id), "list", search],
    queryFn: ({ pageParam: cursor }) => {
      const query = { ...search, cursor, limit: PAGE_SIZE };
      return data(api.GET(PROMPTS, { params: { path: { project_id }, query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

export const promptQuery = (project_id: string, prompt_id: string) =>
  queryOptions({
    queryKey: [...promptKeys.one(project_id, prompt_id), "prompt"],
    queryFn: () => data(api.GET(ONE, { params: { path: { project_id, prompt_id } } })),
  });

/** Versions of a prompt, newest first, page by page. */
export const versionsQuery = (project_id: string, prompt_id: string) =>
  infiniteQueryOptions({
    queryKey: [...promptKeys.one(project_id, prompt_id), "versions"],
    queryFn: ({ pageParam: cursor }) => {
      const params = { path: { project_id, prompt_id }, query: { cursor, limit: PAGE_SIZE } };
      return data(api.GET(`${ONE}/versions`, { params }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** A version with its content. Numbered versions never change; `latest` is always asked for. */
export const versionQuery = (project_id: string, prompt_id: string, version: string) =>
  queryOptions({
    queryKey: [...promptKeys.one(project_id, prompt_id), "version", version],
    queryFn: () => {
      const params = { path: { project_id, prompt_id, version } };
      return data(api.GET(`${ONE}/versions/{version}`, { params }));
    },
    staleTime: version === "latest" ? 0 : Infinity,
    placeholderData: keepPreviousData,
  });

export const diffQuery = (project_id: string, prompt_id: string, older: number, newer: number) =>
  queryOptions({
    queryKey: [...promptKeys.one(project_id, prompt_id), "diff", older, newer],
    queryFn: () => {
      const query = { old: String(older), new: String(newer) };
      return data(api.GET(`${ONE}/diff`, { params: { path: { project_id, prompt_id }, query } }));
    },
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });

/** The latest moves of a prompt's labels. */
export const movesQuery = (project_id: string, prompt_id: string) =>
  queryOptions({
    queryKey: [...promptKeys.one(project_id, prompt_id), "moves"],
    queryFn: () => data(api.GET(`${ONE}/moves`, { params: { path: { project_id, prompt_id } } })),
  });

export const commentsQuery = (project_id: string, prompt_id: string) =>
  queryOptions({
    queryKey: [...promptKeys.one(project_id, prompt_id), "comments"],
    queryFn: () =>
      data(api.GET(`${ONE}/comments`, { params: { path: { project_id, prompt_id } } })),
  });

export const labelRulesQuery = (project_id: string) =>
  queryOptions({
    queryKey: [...promptKeys.all(project_id), "labels"],
    queryFn: () => data(api.GET(`${PROMPTS}/labels`, { params: { path: { project_id } } })),
  });

/** Adds a prompt with its first version. */
export function useAddPrompt(onAdded: (saved: Schemas["SavedView"]) => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: async (form: PromptForm) => {
      const content = contentOf(form) as Schemas["ContentBody"];
      const body = { name: form.name, content, message: form.message };
      return data(api.POST(PROMPTS, { params: { path: { project_id } }, body }));
    },
    invalidates: [promptKeys.all(project_id)],
    successToast: "Prompt added",
    onSuccess: onAdded,
  });
}

function bodyOf(form: PromptForm, partials: Content["partials"]) {
  return contentOf(form, form.renewPartials ? {} : partials) as Schemas["ContentBody"];
}

interface Parent {
  prompt_id: string;
  /** The hash of the latest version that the user saw. */
  parent: string;
  partials: Content["partials"];
}

/** Saves the next version. Fails with `prompt_changed` if somebody else was faster. */
export function useSaveVersion(
  { prompt_id, parent, partials }: Parent,
  onSaved: (saved: Schemas["SavedView"]) => void,
) {
  const project_id = useProjectId();
  return useApiMutation({
    run: async (form: PromptForm) => {
      const content = bodyOf(form, partials);
      const body = { content, parent, message: form.message };
      return data(
        api.POST(`${ONE}/versions`, { params: { path: { project_id, prompt_id } }, body }),
      );
    },
    invalidates: [promptKeys.all(project_id)],
    successToast: "Version saved",
    onSuccess: onSaved,
  });
}

export interface Move {
  label: string;
  /** 0 removes the label. */
  version: number;
  seen: number;
  message: string;
}

/** Moves a label. Fails with `label_moved` if it is not where the user saw it. */
export function useMoveLabel(prompt_id: string, onMoved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: ({ label, version, seen, message }: Move) => {
      const path = { project_id, prompt_id, label };
      if (version === 0) {
        return data(api.DELETE(`${ONE}/labels/{label}`, { params: { path, query: { seen } } }));
      }
      return data(
        api.PUT(`${ONE}/labels/{label}`, { params: { path }, body: { version, seen, message } }),
      );
    },
    invalidates: [promptKeys.all(project_id)],
    successToast: "Label moved",
    onSuccess: onMoved,
  });
}

export function useAddComment(prompt_id: string, onAdded: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: Schemas["CommentBody"]) =>
      data(api.POST(`${ONE}/comments`, { params: { path: { project_id, prompt_id } }, body })),
    invalidates: [[...promptKeys.one(project_id, prompt_id), "comments"]],
    onSuccess: onAdded,
  });
}

export function useRemovePrompt(onRemoved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (prompt_id: string) =>
      data(api.DELETE(ONE, { params: { path: { project_id, prompt_id } } })),
    invalidates: [promptKeys.all(project_id)],
    successToast: "Prompt removed",
    onSuccess: onRemoved,
  });
}

export function useRestorePrompt(prompt_id: string) {
  const project_id = useProjectId();
  return useApiMutation({
    run: () => data(api.POST(`${ONE}/restore`, { params: { path: { project_id, prompt_id } } })),
    invalidates: [promptKeys.all(project_id)],
    successToast: "Prompt restored",
  });
}

/** Gives a prompt another name. Fails with `prompt_exists` if another one has or had it. */
export function useMovePrompt(onMoved: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: Schemas["PromptMoveBody"]) =>
      data(api.POST(`${PROMPTS}/move`, { params: { path: { project_id } }, body })),
    invalidates: [promptKeys.all(project_id)],
    successToast: "Prompt renamed",
    onSuccess: onMoved,
  });
}

/** Renders a form that is not saved. `values` is JSON. */
export function useRender(partials: Content["partials"]) {
  const project_id = useProjectId();
  return useApiMutation({
    run: async ({ form, values }: { form: PromptForm; values: string }) => {
      const content = bodyOf(form, partials);
      const variables = parseObject("Values", values);
      const body = { content, variables };
      return data(api.POST(`${PROMPTS}/render`, { params: { path: { project_id } }, body }));
    },
  });
}
