import type { DryRun } from "@/features/dryRun/queries";
import { conditionsOf, TAG, type ConditionForm } from "@/shared/calls/conditions";

/** The paths of the form, each with a body to begin with. */
export const PATHS = [
  { path: "/v1/chat/completions", body: { messages: [{ role: "user", content: "Hello" }] } },
  { path: "/v1/responses", body: { input: "Hello" } },
  {
    path: "/v1/messages",
    body: { max_tokens: 1000, messages: [{ role: "user", content: "Hello" }] },
  },
  { path: "/v1/embeddings", body: { input: "Hello" } },
  { path: "/v1/completions", body: { prompt: "Hello" } },
] as const;

export interface DryRunForm {
  path: string;
  model: string;
  key_id: string;
  /** The JSON document without its model. */
  body: string;
  /** Call attributes and tags. */
  attributes: ConditionForm[];
  /** Lines of `name: value`. */
  headers: string;
}

export function emptyForm(model: string): DryRunForm {
  const [first] = PATHS;
  return {
    path: first.path,
    model,
    key_id: "",
    body: bodyOf(first.path),
    attributes: [],
    headers: "",
  };
}

export function bodyOf(path: string): string {
  const found = PATHS.find((each) => each.path === path);
  return JSON.stringify(found?.body ?? {}, null, 2);
}

export function toDryRun(form: DryRunForm): DryRun {
  const values = Object.entries(conditionsOf(form.attributes)).map(
    ([name, [value = ""]]) => [name, value] as const,
  );
  return {
    path: form.path,
    method: "POST",
    query: "",
    key_id: form.key_id,
    body: { ...parseBody(form.body), model: form.model.trim() },
    headers: parseHeaders(form.headers),
    attributes: Object.fromEntries(values.filter(([name]) => !name.startsWith(TAG))),
    tags: Object.fromEntries(
      values.flatMap(([name, value]) =>
        name.startsWith(TAG) ? [[name.slice(TAG.length), value]] : [],
      ),
    ),
  };
}

/** The body as an object; `null` if it is none. */
export function parseBody(text: string): Record<string, unknown> | null {
  try {
    const found: unknown = JSON.parse(text);
    const isObject = typeof found === "object" && found !== null && !Array.isArray(found);
    return isObject ? (found as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

export function parseHeaders(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.trim());
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      if (colon < 0) return [line.trim(), ""];
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}
