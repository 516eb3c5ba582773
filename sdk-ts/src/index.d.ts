/** Prompts and scores of a Penstock server, for Node 20 and later. */

export class PenstockError extends Error {
  /** Stable, such as `variable_missing`. */
  readonly code: string;
  readonly hint: string;
}

export interface Message {
  role: "system" | "developer" | "user" | "assistant" | "tool";
  content?: unknown;
  [name: string]: unknown;
}

export interface RenderedPrompt {
  /** Empty for chat prompts. */
  text: string;
  /** Of a text prompt: one message of the user. */
  messages: Message[];
}

/** A template, or the messages of a chat; with text and `{{ name }}` only. */
export type Fallback = string | Array<{ role: Message["role"]; content: string } | { placeholder: string }>;

export class Prompt {
  readonly name: string;
  /** 0 for a fallback. */
  readonly number: number;
  /** The content hash; empty for a fallback. */
  readonly digest: string;
  readonly isFallback: boolean;
  readonly tools: Array<Record<string, unknown>>;
  readonly responseSchema: Record<string, unknown> | null;
  /** Parameters of calls, such as `temperature`. */
  readonly parameters: Record<string, unknown>;
  /** Rejects with `PenstockError`: what is missing, unknown or wrong. */
  render(variables?: Record<string, unknown>): Promise<RenderedPrompt>;
}

/** A judgement of one call, one trace or one session (`/api/v1/scores`). */
export interface Score {
  name: string;
  value?: number | boolean | string;
  kind?: "score" | "outcome" | "feedback";
  comment?: string;
  trace_id?: string;
  span_id?: string;
  session?: string;
  author?: string;
  id?: string;
  [name: string]: unknown;
}

export interface Options {
  /** Age in ms from which a cached prompt is renewed in the background. [60000] */
  ttlMs?: number;
  /** Longest wait in ms for a prompt that is not cached, a rendering or a score. [1000] */
  timeoutMs?: number;
}

export class Penstock {
  /** `key`: an API key with the role `viewer` or more. */
  constructor(serverUrl: string, key: string, options?: Options);
  /** Rejects with `PenstockError` only without a cached prompt and a fallback. */
  getPrompt(
    name: string,
    options?: { label?: string; version?: number | string; fallback?: Fallback },
  ): Promise<Prompt>;
  /** Never rejects: the result says whether the server has the score. */
  score(score: Score): Promise<boolean>;
}
