import { expect, test } from "vitest";

import {
  changedItems,
  countChanges,
  editOf,
  editProblem,
  NEW_ITEM,
  noChanges,
  withEdit,
  withRemoval,
} from "@/features/datasets/itemChanges";
import type { Item } from "@/features/datasets/queries";

const ITEM: Item = {
  id: "a",
  input: { q: 1 },
  expected: "yes",
  context: ["one\n\ntwo", "three"],
  metadata: { topic: "x" },
  split: "test",
  group: "g",
  source: { kind: "trace", trace_id: "t", span_id: "s", place: "" },
  findings: [],
};

test("an edit keeps what was not edited, and JSON stays JSON", () => {
  const edit = { ...editOf(ITEM), expected: "no" };
  const changes = withEdit(noChanges(3), "a", ITEM, edit);
  expect(countChanges(changes)).toBe("1 changed");
  expect(changedItems(changes)).toEqual([
    {
      id: "a",
      group: "g",
      source: ITEM.source,
      input: { q: 1 },
      expected: "no",
      context: ITEM.context,
      metadata: { topic: "x" },
      split: "test",
    },
  ]);
  expect(withEdit(changes, "a", ITEM, editOf(ITEM)).edits.size).toBe(0);
  expect(editProblem(ITEM, { ...edit, input: "{" })).toContain("JSON");
  expect(editProblem(undefined, NEW_ITEM)).toContain("input");
});

test("a removed item is kept again; a new one is dropped", () => {
  let changes = withEdit(noChanges(1), "+0", undefined, { ...NEW_ITEM, input: "x" });
  changes = withRemoval(changes, "a");
  expect(countChanges(changes)).toBe("1 added, 1 removed");
  expect(countChanges(withRemoval(withRemoval(changes, "a"), "+0"))).toBe("");
});
