/** The search parameters of the list of prompts. */
export interface PromptsSearch {
  q?: string | undefined;
  folder?: string | undefined;
  label?: string | undefined;
  removed?: boolean | undefined;
}

export function parsePromptsSearch(search: Record<string, unknown>): PromptsSearch {
  const { q, folder, label, removed } = search;
  return {
    ...(typeof q === "string" && q ? { q } : {}),
    ...(typeof folder === "string" && folder ? { folder } : {}),
    ...(typeof label === "string" && label ? { label } : {}),
    ...(removed === true ? { removed } : {}),
  };
}

export const TABS = ["content", "changes", "metrics", "labels", "comments"] as const;
export type PromptTab = (typeof TABS)[number];

/** The search parameters of a prompt: the version, the tab, and the version to compare with. */
export interface PromptSearch {
  version?: number | undefined;
  tab?: PromptTab | undefined;
  against?: number | undefined;
}

export function parsePromptSearch(search: Record<string, unknown>): PromptSearch {
  const { tab } = search;
  const [version, against] = [numberOf(search["version"]), numberOf(search["against"])];
  const known = TABS.find((each) => each === tab);
  return {
    ...(version && { version }),
    ...(known && { tab: known }),
    ...(against && { against }),
  };
}

function numberOf(value: unknown): number | undefined {
  const number = Number(value);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}
