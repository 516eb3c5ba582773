/** A member of an item as text: a text as it is, anything else as JSON; empty if there is none. */
export function itemText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
