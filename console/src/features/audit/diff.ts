import { formatDateTime } from "@/shared/format/time";

type State = Record<string, unknown> | null;

/** One field that an event set, changed or removed; `undefined` where the field is absent. */
export interface Change {
  field: string;
  before: string | undefined;
  after: string | undefined;
}

/** The fields that differ between two states, in their original order. */
export function changesBetween(before: State, after: State): Change[] {
  const old = flatten(before);
  const now = flatten(after);
  const fields = new Set([...old.keys(), ...now.keys()]);
  return [...fields]
    .map((field) => ({ field: fieldLabel(field), before: old.get(field), after: now.get(field) }))
    .filter((change) => change.before !== change.after);
}

/** The fields of a state by dotted name, without empty ones. */
function flatten(state: State, prefix = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(state ?? {})) {
    const field = `${prefix}${name}`;
    if (isNested(value)) flatten(value, `${field}.`).forEach((text, each) => found.set(each, text));
    else if (!isEmpty(value)) found.set(field, formatField(name, value));
  }
  return found;
}

/** `attributes.use_case` → `attributes use case`, `revoked_ms` → `revoked`. */
function fieldLabel(field: string): string {
  return field.replace(/_ms$/, "").replace(/[._]/g, " ");
}

function isNested(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function formatField(name: string, value: unknown): string {
  if (name.endsWith("_ms") && typeof value === "number") return formatDateTime(value);
  if (Array.isArray(value)) return value.map(formatPlain).join(", ");
  return formatPlain(value);
}

function formatPlain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
