import { expect, test } from "vitest";

import { findItems, type PaletteItem } from "@/app/paletteItems";

function item(kind: string, name: string, note = ""): PaletteItem {
  return { id: `${kind} ${name}`, kind, name, note, open: () => undefined };
}

const ITEMS = [
  item("Page", "Rollouts"),
  item("Use case", "support-answers", "Answers questions about orders."),
  item("Rollout", "support-answers", "production"),
  item("Prompt", "support/answer", "version 3"),
];

test("the palette finds words of kind, name and note in any order", () => {
  const names = (query: string) => findItems(ITEMS, query).map(({ id }) => id);
  expect(names("production support")).toEqual(["Rollout support-answers"]);
  expect(names("orders")).toEqual(["Use case support-answers"]);
  expect(names("")).toHaveLength(4);
  expect(names("nothing")).toEqual([]);
});

test("names that begin with the query come first", () => {
  const items = [item("Key", "my support"), ...ITEMS];
  expect(findItems(items, "support")[0]?.id).toBe("Use case support-answers");
});
