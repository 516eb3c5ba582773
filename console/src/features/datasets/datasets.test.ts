import { expect, test } from "vitest";

import { itemsOf, readRows, usualColumns } from "@/features/datasets/fileRows";
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

test("reads CSV with quotes, lines and delimiters in fields", () => {
  const { columns, rows } = readRows("x.csv", '\uFEFFa,b\r\n"1, ""x""\ny",2\r\n\r\n3,\n');
  expect(columns).toEqual(["a", "b"]);
  expect(rows).toEqual([
    { a: '1, "x"\ny', b: "2" },
    { a: "3", b: "" },
  ]);
});

test.each([
  ["x.csv", "a,a\n1,2", "differently"],
  ["x.csv", "a,b\n1", "1 columns"],
  ["x.csv", 'a,b\n"1,2', "no end"],
  ["x.csv", "a,b\n", "no rows"],
  ["x.jsonl", '{"a": 1}\n{', "Line 2"],
  ["x.json", "[1]", "Row 1"],
])("says what is wrong with %s: %s", (name, text, problem) => {
  expect(() => readRows(name, text)).toThrow(problem);
});

test("columns become items; what has no field is metadata", () => {
  const rows = readRows("x.jsonl", '{"question": "Q", "answer": "A", "topic": "t", "id": 7}');
  const map = usualColumns(rows.columns);
  expect(map).toMatchObject({ input: "question", expected: "answer", id: "id", split: "" });
  expect(itemsOf(rows, map, "x.jsonl")).toEqual([
    {
      id: "7",
      input: "Q",
      expected: "A",
      context: [],
      metadata: { topic: "t" },
      split: "",
      group: "",
      source: { kind: "file", trace_id: "", span_id: "", place: "x.jsonl, row 1" },
    },
  ]);
});
