import { queryOptions } from "@tanstack/react-query";

import { EMPTY_ANSWER, errorOf, readAnswer, type Answer } from "@/features/playground/answer";
import {
  bodyOf,
  contentOf,
  parseValues,
  type Column,
  type Start,
} from "@/features/playground/column";
import { startOfSpan, startOfVersion } from "@/features/playground/start";
import type { PlaygroundSearch } from "@/features/playground/search";
import { api, data } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId } from "@/shared/session";

const PROMPTS = "/api/v1/projects/{project_id}/prompts";
const RECORD_WAIT_MS = 500;
const RECORD_LOOKS = 20;

/** What the page starts from: a span, or a version of a prompt. */
export const startQuery = (
  project_id: string,
  { trace, span, prompt, version }: PlaygroundSearch,
) =>
  queryOptions({
    queryKey: ["playground", project_id, trace, span, prompt, version],
    queryFn: async (): Promise<Start | null> => {
      if (trace) {
        const params = { path: { trace_id: trace }, query: { project_id } };
        const found = await data(api.GET("/api/v1/traces/{trace_id}", { params }));
        const calls = found.spans.filter(({ kind }) => kind === "call");
        const call = calls.find(({ span_id }) => span_id === span) ?? calls[0];
        return call ? startOfSpan(call) : null;
      }
      if (!prompt) return null;
      const path = { project_id, prompt_id: prompt };
      const [one, found] = await Promise.all([
        data(api.GET(`${PROMPTS}/{prompt_id}`, { params: { path } })),
        data(
          api.GET(`${PROMPTS}/{prompt_id}/versions/{version}`, {
            params: { path: { ...path, version: version ?? "latest" } },
          }),
        ),
      ]);
      return startOfVersion(one, found);
    },
    staleTime: Infinity,
  });

/** Renders the messages of a column with the values; they stay as they are without values. */
async function rendered(project_id: string, column: Column, variables: string, start: Start) {
  const values = parseValues(variables);
  if (Object.keys(values).length === 0) {
    return column.messages.map(({ role, content }) => ({ role, content }));
  }
  const content = contentOf(
    { ...column, parameters: "", tools: "", schema: "" },
    values,
    start.prompt?.partials,
  );
  const body = { content, variables: values };
  const found = await data(
    api.POST(`${PROMPTS}/render`, { params: { path: { project_id } }, body }),
  );
  return found.messages;
}

/** The answer of a column, with what is known of its call. Costs come with the record. */
export interface Run {
  answer: Answer;
  busy: boolean;
  traceId: string;
  firstMs?: number;
  totalMs?: number;
  inputTokens?: number;
  outputTokens?: number;
  /** In USD; `null` without a price; missing until the record is there. */
  cost?: string | null;
}

export const NO_RUN: Run = { answer: EMPTY_ANSWER, busy: true, traceId: "" };

interface Sent {
  project_id: string;
  column: Column;
  variables: string;
  start: Start;
  key_id: string;
  signal: AbortSignal;
}

/** Sends the call of a column, as a key. Calls `onRun` with all that is known so far. */
export async function runColumn(sent: Sent, onRun: (run: Run) => void): Promise<void> {
  const { project_id, column, key_id, signal } = sent;
  let run = NO_RUN;
  const update = (part: Partial<Run>) => {
    run = { ...run, ...part };
    if (!signal.aborted) onRun(run);
  };
  const fail = (error: string) => update({ busy: false, answer: { ...run.answer, error } });
  try {
    const body = bodyOf(column, await rendered(project_id, column, sent.variables, sent.start));
    const begun = performance.now();
    const {
      data: stream,
      error,
      response,
    } = await api.POST("/api/v1/projects/{project_id}/calls", {
      params: { path: { project_id } },
      body: { key_id, path: "/v1/chat/completions", body },
      parseAs: "stream",
      signal,
    });
    update({ traceId: response.headers.get("x-penstock-trace-id") ?? "" });
    if (!response.ok) {
      fail(errorOf(error, response.status));
      return;
    }
    await readAnswer(stream as unknown as ReadableStream<Uint8Array>, (answer) => {
      const firstMs = run.firstMs ?? performance.now() - begun;
      update({ answer, ...(answer.text || answer.toolCalls.length > 0 ? { firstMs } : {}) });
    });
    update({ busy: false, totalMs: performance.now() - begun });
    update(await recordOf(project_id, run.traceId, signal));
  } catch (error) {
    fail(error instanceof Error ? error.message : "The call failed.");
  }
}

/** Waits for the record of a call, which has its tokens and cost. */
async function recordOf(
  project_id: string,
  trace_id: string,
  signal: AbortSignal,
): Promise<Partial<Run>> {
  for (let look = 0; look < RECORD_LOOKS && !signal.aborted; look += 1) {
    const params = { path: { trace_id }, query: { project_id } };
    const { data: found } = await api.GET("/api/v1/traces/{trace_id}", { params, signal });
    const call = found?.spans.find(({ kind }) => kind === "call");
    if (call) {
      return {
        cost: call.cost?.amount ?? null,
        inputTokens: call.usage?.input_tokens ?? 0,
        outputTokens: call.usage?.output_tokens ?? 0,
      };
    }
    await new Promise((resolve) => setTimeout(resolve, RECORD_WAIT_MS));
  }
  return {};
}

interface Saved {
  column: Column;
  variables: string;
  name: string;
}

/** Saves a column as the next version of the prompt it started from, or as a new prompt. */
export function useSaveColumn(prompt: Start["prompt"], onSaved: (start: Start["prompt"]) => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: async ({ column, variables, name }: Saved) => {
      const content = contentOf(column, parseValues(variables), prompt?.partials);
      const message = "From the playground";
      if (!prompt) {
        const body = { name, content, message };
        return data(api.POST(PROMPTS, { params: { path: { project_id } }, body }));
      }
      const params = { path: { project_id, prompt_id: prompt.id } };
      const body = { content, parent: prompt.hash, message };
      return data(api.POST(`${PROMPTS}/{prompt_id}/versions`, { params, body }));
    },
    invalidates: [["prompts", project_id]],
    successToast: "Version saved",
    errorToast: true,
    onSuccess: ({ prompt: one, version }) =>
      onSaved({
        id: one.id,
        name: one.name,
        hash: version.digest,
        partials: prompt?.partials ?? {},
      }),
  });
}
