import type { Item } from "@/features/datasets/queries";
import { itemText } from "@/shared/datasets/itemText";

/** The texts of an item while it is edited. */
export interface ItemEdit {
  input: string;
  expected: string;
  context: string;
  metadata: string;
  split: string;
}

/** The changes of items that are not committed. `parent`: the version that they began with. Items
 * with an id that begins with `+` are new. */
export interface ItemChanges {
  parent: number;
  edits: ReadonlyMap<string, { item: Item | undefined; edit: ItemEdit }>;
  removed: ReadonlySet<string>;
}

export const NEW_ITEM: ItemEdit = { input: "", expected: "", context: "", metadata: "", split: "" };

const NO_SOURCE = { kind: "", trace_id: "", span_id: "", place: "" };

export function noChanges(parent: number): ItemChanges {
  return { parent, edits: new Map(), removed: new Set() };
}

export function countChanges({ edits, removed }: ItemChanges): string {
  const added = [...edits.values()].filter(({ item }) => !item).length;
  const counts = [
    added && `${added} added`,
    edits.size - added && `${edits.size - added} changed`,
    removed.size && `${removed.size} removed`,
  ];
  return counts.filter(Boolean).join(", ");
}

/** The texts of an item; an empty object has none. */
export function editOf(item: Item): ItemEdit {
  const { metadata } = item;
  return {
    input: itemText(item.input),
    expected: itemText(item.expected),
    context: item.context.join("\n\n"),
    metadata: Object.keys(metadata).length > 0 ? itemText(metadata) : "",
    split: item.split,
  };
}

/** Changes with another edit of an item; without it if that is what the item has. */
export function withEdit(
  changes: ItemChanges,
  id: string,
  item: Item | undefined,
  edit: ItemEdit,
): ItemChanges {
  const edits = new Map(changes.edits);
  if (item && JSON.stringify(editOf(item)) === JSON.stringify(edit)) edits.delete(id);
  else edits.set(id, { item, edit });
  return { ...changes, edits };
}

/** Removes an item, or keeps it again; a new one is dropped. */
export function withRemoval(changes: ItemChanges, id: string): ItemChanges {
  const [edits, removed] = [new Map(changes.edits), new Set(changes.removed)];
  if (id.startsWith("+")) edits.delete(id);
  else if (!removed.delete(id)) {
    removed.add(id);
    edits.delete(id);
  }
  return { ...changes, edits, removed };
}

/** What is wrong with the texts of an item; empty if nothing. */
export function editProblem(item: Item | undefined, edit: ItemEdit): string {
  if (!edit.input.trim()) return "An item needs an input.";
  const isText = (value: unknown) =>
    value === null || value === undefined || typeof value === "string";
  if (item && !isText(item.input) && !isJson(edit.input)) return "The input is not valid JSON.";
  if (item && !isText(item.expected) && edit.expected && !isJson(edit.expected)) {
    return "The expected value is not valid JSON.";
  }
  if (edit.metadata && !isJson(edit.metadata)) return "The metadata is not valid JSON.";
  return "";
}

/** The items to put as the API takes them. */
export function changedItems({ edits }: ItemChanges) {
  return [...edits].map(([id, { item, edit }]) => ({
    id: item ? id : "",
    group: item?.group ?? "",
    source: { ...NO_SOURCE, ...item?.source },
    input: valueOf(item?.input, edit.input),
    expected: edit.expected === "" ? null : valueOf(item?.expected, edit.expected),
    context: edit.context === editContext(item) ? (item?.context ?? []) : passages(edit.context),
    metadata: edit.metadata ? (JSON.parse(edit.metadata) as Record<string, unknown>) : {},
    split: edit.split,
  }));
}

function editContext(item: Item | undefined): string {
  return item ? item.context.join("\n\n") : "";
}

function passages(text: string): string[] {
  return text.split(/\n{2,}/).filter(Boolean);
}

/** A text stays a text; what was JSON is read as JSON. */
function valueOf(before: unknown, text: string): unknown {
  const wasText = before === undefined || before === null || typeof before === "string";
  return wasText ? text : (JSON.parse(text) as unknown);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
