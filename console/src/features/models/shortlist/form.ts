import type { Schemas } from "@/shared/api/client";
import { splitList } from "@/shared/forms/splitList";

export type ShortlistRequest = Schemas["ShortlistRequest"];

export const NEEDS = [
  { value: "tools", name: "Tools" },
  { value: "structured_output", name: "Structured output" },
  { value: "reasoning", name: "Reasoning" },
  { value: "logprobs", name: "Log probabilities" },
  { value: "tunable", name: "Tunable" },
  { value: "open_weights", name: "Open weights" },
  { value: "self_hosted", name: "Self-hosted" },
] as const;
export const INPUTS = [
  { value: "image", name: "Reads images" },
  { value: "audio", name: "Reads audio" },
  { value: "video", name: "Reads video" },
  { value: "document", name: "Reads documents" },
] as const;

const TEXTS = [
  "use_case",
  "tokens",
  "max_cost",
  "latency",
  "p95",
  "errors",
  "scores",
  "context",
  "output",
  "regions",
  "licences",
  "without",
  "q",
] as const;
const LISTS = ["needs", "inputs", "prefer"] as const;

/** The constraints as they are typed, and as they are in the URL. `errors`: percent; `tokens`: of a
 * typical call, such as 1000/300; `scores`: least means, such as helpful=0.8; `prefer`: needs that
 * order and do not exclude; `certain`: what is not known excludes. */
export type ShortlistForm = Record<(typeof TEXTS)[number], string> &
  Record<(typeof LISTS)[number], string[]> & { certain: boolean };

export type ShortlistSearch = Partial<
  Record<(typeof TEXTS)[number], string | undefined> &
    Record<(typeof LISTS)[number], string[] | undefined> & { certain: boolean | undefined }
>;

export function parseShortlistSearch(search: Record<string, unknown>): ShortlistSearch {
  const found: ShortlistSearch = {};
  for (const name of TEXTS) {
    const value = search[name];
    if (typeof value === "number") found[name] = String(value);
    if (typeof value === "string" && value) found[name] = value;
  }
  for (const name of LISTS) {
    const values = [search[name]].flat().filter((each) => typeof each === "string");
    if (values.length > 0) found[name] = values;
  }
  if (search["certain"] === true || search["certain"] === "true") found.certain = true;
  return found;
}

export function formOf(search: ShortlistSearch): ShortlistForm {
  const texts = Object.fromEntries(TEXTS.map((name) => [name, search[name] ?? ""]));
  const lists = Object.fromEntries(LISTS.map((name) => [name, search[name] ?? []]));
  return { ...texts, ...lists, certain: search.certain ?? false } as ShortlistForm;
}

/** Leaves out what is empty. */
export function searchOf(form: ShortlistForm): ShortlistSearch {
  return parseShortlistSearch({ ...form });
}

/** The body of the request. Numbers are checked by the controls, the rest by the server. */
export function requestOf(search: ShortlistSearch): ShortlistRequest {
  const form = formOf(search);
  const [input, output] = form.tokens.split("/").map(Number);
  return {
    required: {
      max_cost: form.max_cost || null,
      max_latency_ms: numberOf(form.latency),
      max_latency_p95_ms: numberOf(form.p95),
      max_error_rate: form.errors ? Number(form.errors) / 100 : null,
      min_scores: scoresOf(form.scores),
      min_context_tokens: numberOf(form.context),
      min_output_tokens: numberOf(form.output),
      inputs: form.inputs as Schemas["Modality"][],
      outputs: [],
      needs: form.needs as Schemas["Need"][],
      regions: splitList(form.regions),
      licences: splitList(form.licences),
      excluded_vendors: splitList(form.without),
    },
    preferred: form.prefer.map((need) => ({ needs: [need] })) as ShortlistRequest["preferred"],
    tokens: input && output !== undefined ? { input, output } : null,
    unknown: form.certain ? "exclude" : "pass",
    search: form.q,
    days: 30,
    min_calls: 20,
    limit: 50,
  };
}

function numberOf(text: string): number | null {
  return text ? Number(text) : null;
}

/** `helpful=0.8, polite=0.5` as least means by name. */
export function scoresOf(text: string): Record<string, number> {
  const pairs = splitList(text).map((each) => {
    const at = each.lastIndexOf("=");
    return [each.slice(0, at), Number(each.slice(at + 1))] as const;
  });
  return Object.fromEntries(pairs.filter(([name, least]) => name && Number.isFinite(least)));
}
