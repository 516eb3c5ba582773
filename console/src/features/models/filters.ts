import type { Model } from "@/features/models/queries";

/** What a model must be able to do, or be. */
export const ABILITIES = [
  { value: "image", name: "Reads images" },
  { value: "audio", name: "Reads audio" },
  { value: "document", name: "Reads documents" },
  { value: "tools", name: "Tools" },
  { value: "schema", name: "Structured output" },
  { value: "reasoning", name: "Reasoning" },
  { value: "open", name: "Open weights" },
  { value: "retiring", name: "Retiring" },
] as const;

export type Ability = (typeof ABILITIES)[number]["value"];

/** The filters of the page, as in its URL. */
export interface ModelSearch {
  q?: string | undefined;
  provider?: string | undefined;
  can?: Ability[] | undefined;
}

export function parseModelSearch(search: Record<string, unknown>): ModelSearch {
  const parsed: ModelSearch = {};
  if (typeof search["q"] === "string") parsed.q = search["q"];
  if (typeof search["provider"] === "string") parsed.provider = search["provider"];
  const can = [search["can"]].flat();
  const known = ABILITIES.map((one) => one.value).filter((one) => can.includes(one));
  if (known.length > 0) parsed.can = known;
  return parsed;
}

/** The models that match all filters. A model without a known fact does not match it. */
export function filterModels(models: Model[], { q, provider, can }: ModelSearch): Model[] {
  const text = q?.trim().toLowerCase() ?? "";
  return models.filter(
    (model) =>
      matches(model, text) &&
      (!provider || model.providers.some((one) => one.provider === provider)) &&
      (can ?? []).every((ability) => HAS[ability](model)),
  );
}

/** The names of all providers that list a model. */
export function providersOf(models: Model[]): string[] {
  const names = models.flatMap((model) => model.providers.map((one) => one.provider));
  return [...new Set(names)].sort();
}

function matches(model: Model, text: string): boolean {
  const texts = [model.id, model.facts?.title ?? "", model.facts?.vendor ?? ""];
  return texts.some((one) => one.toLowerCase().includes(text));
}

const HAS: Record<Ability, (model: Model) => boolean | null | undefined> = {
  image: ({ facts }) => facts?.inputs.includes("image"),
  audio: ({ facts }) => facts?.inputs.includes("audio"),
  document: ({ facts }) => facts?.inputs.includes("document"),
  tools: ({ facts }) => facts?.tools,
  schema: ({ facts }) => facts?.structured_output,
  reasoning: ({ facts }) => facts?.reasoning,
  open: ({ facts }) => facts?.open_weights,
  retiring: ({ retirement }) => retirement !== null,
};
