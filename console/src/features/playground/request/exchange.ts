import { type AnswerBody, EMPTY_BODY, readBody } from "@/features/playground/request/answerBody";
import { toSentFile } from "@/features/playground/request/files";
import { api, type Schemas } from "@/shared/api/client";

type Span = Schemas["Span"];
type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

const MAX_ATTEMPTS = 10;
const RECORD_WAIT_MS = 500;
const RECORD_LOOKS = 30;
const SHOWN = /^(content-type|retry-after|x-penstock-.*)$/;

/** What the gateway sent for one attempt; `reason` says why it cannot be shown. */
export interface SentAttempt {
  span: Span;
  sent?: Schemas["RebuiltView"];
  reason: string;
}

/** A request to the gateway and all that is known of it so far. `call` and `attempts` are missing
 * until the record is there. */
export interface Exchange extends AnswerBody {
  path: string;
  busy: boolean;
  status: number;
  headers: [string, string][];
  headersMs: number;
  totalMs: number;
  traceId: string;
  error: string;
  call?: Span;
  attempts?: SentAttempt[];
}

export interface Wanted {
  project_id: string;
  key_id: string;
  path: string;
  body: Record<string, unknown>;
  /** Sent with the body as a form. */
  file?: File | undefined;
  signal: AbortSignal;
}

/** Sends a request, and looks at its record afterwards. Calls `onChange` with all that is known. */
export async function exchange(wanted: Wanted, onChange: (found: Exchange) => void): Promise<void> {
  const { project_id, key_id, path, body, file, signal } = wanted;
  let found = empty(path);
  const update = (part: Partial<Exchange>) => {
    found = { ...found, ...part };
    if (!signal.aborted) onChange(found);
  };
  const begun = performance.now();
  try {
    const files = file ? [await toSentFile(file)] : [];
    const answer = await api.POST("/api/v1/projects/{project_id}/calls", {
      params: { path: { project_id } },
      body: { key_id, path, body, files },
      parseAs: "stream",
      signal,
    });
    const { response } = answer;
    update({
      status: response.status,
      headers: [...response.headers].filter(([name]) => SHOWN.test(name)),
      headersMs: performance.now() - begun,
      traceId: response.headers.get("x-penstock-trace-id") ?? "",
    });
    const type = response.headers.get("content-type") ?? "";
    if (response.ok) await readBody(answer.data as unknown as Bytes, type, update);
    else update({ body: textOf(answer.error) });
    update({ busy: false, totalMs: performance.now() - begun });
    if (found.traceId) update(await recordOf(project_id, found.traceId, signal));
  } catch (error) {
    update({ busy: false, error: error instanceof Error ? error.message : "The call failed." });
  }
}

function empty(path: string): Exchange {
  const nothing = { status: 0, headers: [], headersMs: 0, totalMs: 0, traceId: "", error: "" };
  return { path, busy: true, ...nothing, ...EMPTY_BODY };
}

/** Waits for the record of a call, and asks what each of its attempts sent. */
async function recordOf(
  project_id: string,
  trace_id: string,
  signal: AbortSignal,
): Promise<Partial<Exchange>> {
  for (let look = 0; look < RECORD_LOOKS && !signal.aborted; look += 1) {
    const params = { path: { trace_id }, query: { project_id } };
    const { data: trace } = await api.GET("/api/v1/traces/{trace_id}", { params, signal });
    const call = trace?.spans.find(({ kind }) => kind === "call");
    if (trace && call) {
      const spans = trace.spans.filter(({ kind }) => kind === "attempt").slice(0, MAX_ATTEMPTS);
      return {
        call,
        attempts: await Promise.all(spans.map((span) => sentBy(project_id, span, signal))),
      };
    }
    await new Promise((resolve) => setTimeout(resolve, RECORD_WAIT_MS));
  }
  return { attempts: [] };
}

async function sentBy(project_id: string, span: Span, signal: AbortSignal): Promise<SentAttempt> {
  const params = { path: { project_id, span_id: span.span_id } };
  const { data: sent, error } = await api.GET("/api/v1/projects/{project_id}/replays/{span_id}", {
    params,
    signal,
  });
  return sent ? { span, sent, reason: "" } : { span, reason: reasonOf(error) };
}

function reasonOf(error: unknown): string {
  const found = error as { detail?: string; hint?: string } | undefined;
  return [found?.detail, found?.hint].filter(Boolean).join(" ") || "It cannot be shown.";
}

function textOf(error: unknown): string {
  return typeof error === "string" ? error : JSON.stringify(error, null, 2);
}
