import { expect, test } from "vitest";

import { parseTags, tagFilter, tagsOf } from "@/shared/calls/tags";

test("tags are pairs separated by commas or line breaks; values may contain colons", () => {
  expect(parseTags("project: apollo, url:https://a.example\n\nstage:beta")).toEqual({
    project: "apollo",
    url: "https://a.example",
    stage: "beta",
  });
  expect(parseTags(" ")).toEqual({});
});

test("a tag without a value is kept for the server to report", () => {
  expect(parseTags("project")).toEqual({ project: "" });
});

test("the tags of a span are attributes with a prefix", () => {
  expect(tagsOf({ "penstock.tag.project": "apollo", "penstock.team": "x" })).toEqual({
    project: "apollo",
  });
  expect(tagFilter("project", "apollo")).toBe("project:apollo");
});
