import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

export type Expected = Schemas["Expected"];
export type DraftedPrompt = Schemas["DraftedPromptView"];

const QUEUE = "/api/v1/projects/{project_id}/annotation/queues/{name}" as const;
const ITEM = `${QUEUE}/items/{item_id}` as const;

const key = (project_id: string, name: string, item_id: string) =>
  ["annotation", project_id, "queue", name, "uses", item_id] as const;

/** The example that an item becomes. */
export const exampleQuery = (
  project_id: string,
  name: string,
  item_id: string,
  expected: Expected,
) =>
  queryOptions({
    queryKey: [...key(project_id, name, item_id), "example", expected],
    queryFn: () => {
      const params = { path: { project_id, name, item_id }, query: { expected } };
      return data(api.GET(`${ITEM}/example`, { params }));
    },
  });

/** A prompt with the correction of an item as an example. `prompt` empty: none. */
export const promptDraftQuery = (
  project_id: string,
  name: string,
  item_id: string,
  prompt: string,
) =>
  queryOptions({
    queryKey: [...key(project_id, name, item_id), "prompt", prompt],
    queryFn: () => {
      const params = { path: { project_id, name, item_id }, query: { prompt } };
      return data(api.GET(`${ITEM}/prompt-draft`, { params }));
    },
    enabled: prompt !== "",
    retry: false,
  });

export function useMakeExamples(name: string, onSuccess: () => unknown) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: Schemas["ExamplesBody"]) =>
      data(api.POST(`${QUEUE}/examples`, { params: { path: { project_id, name } }, body })),
    invalidates: [["datasets", project_id]],
    successToast: "Added to the dataset",
    onSuccess,
  });
}

export function useDraftPrompt(
  name: string,
  item_id: string,
  onSuccess: (made: DraftedPrompt) => unknown,
) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: Schemas["PromptDraftBody"]) => {
      const params = { path: { project_id, name, item_id } };
      return data(api.POST(`${ITEM}/prompt-draft`, { params, body }));
    },
    invalidates: [["prompts", project_id]],
    successToast: "Draft saved, without a label",
    onSuccess,
  });
}
