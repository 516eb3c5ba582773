import type { Lineage } from "@/features/releases/queries";

/** A version of a prompt, as a lineage names it: `support/answer 3`. */
export interface PromptTitle {
  name: string;
  version: string;
}

/** The prompt of a release, if it has one. */
export function promptOf(lineage: Lineage): PromptTitle | null {
  const part = lineage.contains.find(({ kind }) => kind === "prompt");
  return part ? parsePromptTitle(part.title) : null;
}

export function parsePromptTitle(title: string): PromptTitle {
  const space = title.lastIndexOf(" ");
  return { name: title.slice(0, space), version: title.slice(space + 1) };
}
