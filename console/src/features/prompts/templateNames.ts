import type { PromptForm } from "@/features/prompts/promptForm";

const WORDS = new Set(["not", "true", "false", "none", "True", "False", "None", "range", "loop"]);
const COMMENT = /\{#[\s\S]*?#\}/g;
/** The first name of an output, of a condition, and the list of a loop. */
const USED = [
  /\{\{-?\s*([A-Za-z_]\w*)/g,
  /\{%-?\s*(?:if|elif)\s+(?:not\s+)?([A-Za-z_]\w*)/g,
  /\{%-?\s*for\s[^%]*?\sin\s+([A-Za-z_]\w*)/g,
];
/** The names that a loop or `set` sets. */
const SET = /\{%-?\s*(?:for\s+([\w\s,]+?)\s+in\b|set\s+([\w\s,]+?)\s*=)/g;

/** The names that the templates seem to use and that are not declared, to offer them. The server
 * decides what is missing. */
export function undeclaredNames(form: PromptForm): string[] {
  const texts = form.kind === "text" ? [form.text] : form.messages.map(({ content }) => content);
  const placeholders = form.messages.map(({ placeholder }) => placeholder);
  const known = new Set([...form.variables.map(({ name }) => name.trim()), ...placeholders]);
  const found = texts.flatMap((text) => {
    const code = text.replace(COMMENT, "");
    const own = groups(code, SET).flatMap((names) => names.split(/[\s,]+/));
    return USED.flatMap((pattern) => groups(code, pattern)).filter((name) => !own.includes(name));
  });
  return [...new Set(found)].filter((name) => !known.has(name) && !WORDS.has(name));
}

function groups(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? "");
}
