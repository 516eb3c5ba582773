/** Whether a text contains all words of a query, in any order. */
export function hasWords(text: string, query: string): boolean {
  const folded = text.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => folded.includes(word));
}

/** `one, two and three`. */
export function listText(parts: readonly string[], link: "and" | "or"): string {
  const last = parts.at(-1) ?? "";
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(", ")} ${link} ${last}`;
}
