import { formatDateTime } from "@/shared/format/time";

type State = Record<string, unknown> | null;

/** One field that an event set, changed or took away; `undefined`: it was or is not there. */
export interface Change {
  field: string;
  before: string | undefined;
  after: string | undefined;
}

/** The fields in which two states differ, in the order they stand there. */
export function changesBetween(before: State, after: State): Change[] {
  const old = flat(before);
  const now = flat(after);
  const fields = new Set([...old.keys(), ...now.keys()]);
  return [...fields]
    .map((field) => ({ field: nameOf(field), before: old.get(field), after: now.get(field) }))
    .filter((change) => change.before !== change.after);
}

/** The fields of a state by dotted name. What is empty is left out: it says nothing. */
function flat(state: State, prefix = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(state ?? {})) {
    const field = `${prefix}${name}`;
    if (isNested(value)) flat(value, `${field}.`).forEach((text, each) => found.set(each, text));
    else if (!isEmpty(value)) found.set(field, show(name, value));
  }
  return found;
}

/** `attributes.use_case` → `attributes use case`, `revoked_ms` → `revoked`. */
function nameOf(field: string): string {
  return field.replace(/_ms$/, "").replace(/[._]/g, " ");
}

function isNested(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function show(name: string, value: unknown): string {
  if (name.endsWith("_ms") && typeof value === "number") return formatDateTime(value);
  if (Array.isArray(value)) return value.map(showPlain).join(", ");
  return showPlain(value);
}

function showPlain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
