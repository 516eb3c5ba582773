import type { FileRow } from "@/features/datasets/importing/rows";
import type { Schemas } from "@/shared/api/client";

export type NewItem = Schemas["DatasetItemBody"];
export type Role =
  "input" | "expected" | "context" | "id" | "split" | "group" | "metadata" | "unused";

/** What a column becomes. `json`: its cells are parsed. */
export interface Column {
  name: string;
  role: Role;
  json: boolean;
}

export const ROLES: readonly { value: Role; name: string }[] = [
  { value: "input", name: "Input" },
  { value: "expected", name: "Expected" },
  { value: "context", name: "Context" },
  { value: "id", name: "Id" },
  { value: "split", name: "Split" },
  { value: "group", name: "Group" },
  { value: "metadata", name: "Metadata" },
  { value: "unused", name: "Not used" },
];

/** The usual names of columns, the likeliest first: those of the command line. */
const USUAL: readonly (readonly [Role, readonly string[]])[] = [
  ["input", ["input", "question", "prompt", "query", "instruction", "messages", "text"]],
  [
    "expected",
    [
      ...["expected", "expected_output", "answer", "output", "completion", "reference"],
      ...["ground_truth", "label"],
    ],
  ],
  ["context", ["context", "contexts"]],
  ["id", ["id"]],
  ["split", ["split"]],
  ["group", ["group"]],
];
const OWN = new Set(["id", "input", "expected", "context", "metadata", "split", "group", "source"]);
const NO_SOURCE = { kind: "", trace_id: "", span_id: "", place: "" };
const MAX_PLACE_CHARS = 400;
const MAX_ID_CHARS = 200;

/** What the columns of a file become, by their names. */
export function usualColumns(names: readonly string[]): Column[] {
  const roles = new Map<string, Role>();
  for (const [role, usual] of USUAL) {
    const name = usual.find((each) => names.includes(each) && !roles.has(each));
    if (name) roles.set(name, role);
  }
  return names.map((name) => ({ name, role: roles.get(name) ?? "metadata", json: false }));
}

/** Whether a file is one that was exported: its columns need no choice. */
export function isExport(fields: Record<string, unknown>): boolean {
  const names = Object.keys(fields).filter((name) => name !== "findings");
  return (
    names.includes("source") && names.includes("input") && names.every((each) => OWN.has(each))
  );
}

/** The item of a row. Throws if the row is none. */
export function itemOf(row: FileRow, columns: readonly Column[]): NewItem {
  if (row.problem) throw new Error(row.problem);
  const item = isExport(row.fields) ? ownItem(row) : mappedItem(row, columns);
  const problem = problemOfInput(item.input) || problemOfNames(item);
  if (problem) throw new Error(problem);
  return item;
}

function ownItem({ fields, place }: FileRow): NewItem {
  const own = Object.entries(fields).filter(([name]) => name !== "findings");
  const item = Object.fromEntries(own) as Partial<NewItem>;
  const source = item.source?.kind ? item.source : fileSource(place);
  return { id: "", split: "", group: "", ...item, source };
}

function mappedItem({ fields, place }: FileRow, columns: readonly Column[]): NewItem {
  const value = ({ name, json }: Column) => plain(json ? parsed(name, fields[name]) : fields[name]);
  const of = (role: Role) => columns.filter((each) => each.role === role);
  const inputs = of("input");
  const text = (role: Role) => of(role).map((each) => textOf(each.name, value(each)))[0] ?? "";
  const metadata = of("metadata").map((each) => [each.name, value(each)] as const);
  const [single] = inputs;
  return {
    id: text("id"),
    input:
      inputs.length === 1 && single
        ? value(single)
        : Object.fromEntries(inputs.map((each) => [each.name, value(each)])),
    expected: of("expected").map((each) => value(each) || null)[0] ?? null,
    context: of("context").flatMap((each) => passages(each.name, value(each))),
    metadata: Object.fromEntries(metadata.filter(([, each]) => each !== null && each !== "")),
    split: text("split"),
    group: text("group"),
    source: fileSource(place),
  };
}

function fileSource(place: string) {
  return { ...NO_SOURCE, kind: "file", place: place.slice(0, MAX_PLACE_CHARS) };
}

function parsed(name: string, value: unknown): unknown {
  if (typeof value !== "string" || !value) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    throw new Error(`the column “${name}” is not valid JSON`);
  }
}

/** A JSON value: files have types that JSON does not have. */
function plain(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return btoa(String.fromCharCode(...value));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

function textOf(name: string, value: unknown): string {
  if (value === null) return "";
  if (typeof value === "string" || typeof value === "number") return String(value).trim();
  throw new Error(`the column “${name}” is no text and no number`);
}

function passages(name: string, value: unknown): string[] {
  if (value === null || value === "") return [];
  const list = Array.isArray(value) ? value : [value];
  if (list.every((each) => typeof each === "string")) return list;
  throw new Error(`the column “${name}” is no text and no list of texts`);
}

function problemOfNames(item: NewItem): string {
  const long = (["id", "split", "group"] as const).find((name) => item[name].length > MAX_ID_CHARS);
  return long ? `its ${long} is longer than ${MAX_ID_CHARS} characters` : "";
}

function problemOfInput(input: unknown): string {
  if (input === null || input === undefined || input === "") return "it has no input";
  if (typeof input === "string") return "";
  if (typeof input !== "object") {
    return "its input is no text, list of messages or object: parse no JSON there";
  }
  const isEmpty = Object.keys(input).length === 0;
  if (isEmpty) return "it has no input";
  const isList = Array.isArray(input) && !input.every((each) => typeof each === "object");
  return isList ? "its input is a list, but not of messages" : "";
}
