import { useRef, useState } from "react";

import type { Column, NewItem } from "@/features/datasets/importing/columns";
import { batchesOf } from "@/features/datasets/importing/work";
import type { Committed } from "@/features/datasets/queries";
import { api, data } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

const DRAFTS = "/api/v1/projects/{project_id}/datasets/{name}/drafts";
const DRAFT = `${DRAFTS}/{draft_id}` as const;

export interface ImportJob {
  file: File;
  columns: readonly Column[];
  keeps_existing: boolean;
  removes_others: boolean;
  message: string;
}

/** Sends the valid rows of a file as one version: all of them, or none. `sent`: items so far. */
export function useImport(name: string, onDone: (done: Committed) => unknown) {
  const project_id = useProjectId();
  const [sent, setSent] = useState(0);
  const running = useRef<AbortController>(undefined);
  const mutation = useApiMutation({
    run: async (job: ImportJob) => {
      const { signal } = (running.current = new AbortController());
      const { keeps_existing, removes_others } = job;
      const body = { keeps_existing, removes_others };
      const path = { project_id, name };
      const draft = await data(api.POST(DRAFTS, { params: { path }, body }));
      const params = { path: { ...path, draft_id: draft.id } };
      const work = { signal, onProgress: () => undefined };
      setSent(0);
      try {
        for await (const items of batchesOf(job.file, job.columns, work)) {
          await put(params, items, signal);
          setSent((before) => before + items.length);
        }
        const message = job.message || `Import of ${job.file.name}`;
        return await data(api.POST(`${DRAFT}/commit`, { params, body: { message }, signal }));
      } catch (error) {
        await api.DELETE(DRAFT, { params });
        throw signal.aborted ? new Error("The import was cancelled. Nothing is changed.") : error;
      }
    },
    invalidates: [["datasets", project_id]],
    onSuccess: onDone,
  });
  return { mutation, sent, cancel: () => running.current?.abort() };
}

type DraftParams = { path: { project_id: string; name: string; draft_id: string } };

function put(params: DraftParams, items: NewItem[], signal: AbortSignal) {
  return data(api.POST(`${DRAFT}/items`, { params, body: { items }, signal }));
}
