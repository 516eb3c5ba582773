const SPAN_PREFIX = "penstock.tag.";

/** Tags: free pairs of key and value, set by a key or by request headers. */
export type Tags = Record<string, string>;

/** Reads tags written as `key: value`, separated by commas or line breaks. A key without a value
 * stays, so that the server reports it. */
export function parseTags(text: string): Tags {
  const entries = text.split(/[,\n]/).filter((entry) => entry.trim());
  return Object.fromEntries(entries.map(splitTag));
}

/** The tags of a span, from its attributes. */
export function tagsOf(attributes: Record<string, unknown>): Tags {
  const tags = Object.entries(attributes).filter(([name]) => name.startsWith(SPAN_PREFIX));
  return Object.fromEntries(
    tags.map(([name, value]) => [name.slice(SPAN_PREFIX.length), String(value)]),
  );
}

/** A tag as the API filters by it. */
export function tagFilter(key: string, value: string): string {
  return `${key}:${value}`;
}

function splitTag(entry: string): [string, string] {
  const colon = entry.indexOf(":");
  if (colon < 0) return [entry.trim(), ""];
  return [entry.slice(0, colon).trim(), entry.slice(colon + 1).trim()];
}
