import { expect, test } from "vitest";

import {
  bodyOf,
  emptyForm,
  parseBody,
  parseHeaders,
  PATHS,
  toDryRun,
} from "@/features/dryRun/dryRunForm";

test("the model is part of the body, attributes and tags are apart", () => {
  const attributes = [
    { id: 0, dimension: "team", tag: "", value: "search" },
    { id: 1, dimension: "tag:", tag: "plan", value: "gold" },
  ];
  const found = toDryRun({ ...emptyForm(" gpt "), attributes, headers: "a: b:c\n\nx-y" });
  expect(found.body).toEqual({ model: "gpt", messages: [{ role: "user", content: "Hello" }] });
  expect(found.attributes).toEqual({ team: "search" });
  expect(found.tags).toEqual({ plan: "gold" });
  expect(found.headers).toEqual({ a: "b:c", "x-y": "" });
});

test("every path has a body to begin with", () => {
  for (const { path } of PATHS) expect(parseBody(bodyOf(path))).not.toEqual({});
});

test.each(["", "[1]", "null", "{a"])("%j is no body", (text) => {
  expect(parseBody(text)).toBeNull();
});

test("empty lines are no headers", () => {
  expect(parseHeaders("\n \n")).toEqual({});
});
