import { expect, test } from "vitest";

import { mentionedMember, splitMentions, typedMention } from "@/shared/mentions/mentions";

const EMAILS = ["ann@example.org", "Bob.Lee@example.org", "bob.lee@other.org"];

test("a text is split at its mentions, and nothing of it is lost", () => {
  const text = "Ask @ann, or @Bob.Lee@example.org. Not a@b.";
  const parts = splitMentions(text);
  expect(parts.map((part) => part.text).join("")).toBe(text);
  expect(parts.flatMap(({ name }) => name || [])).toEqual(["ann", "bob.lee@example.org"]);
});

test("a name means one member or none", () => {
  expect(mentionedMember("ann", EMAILS)).toBe("ann@example.org");
  expect(mentionedMember("bob.lee@example.org", EMAILS)).toBe("Bob.Lee@example.org");
  expect(mentionedMember("bob.lee", EMAILS)).toBeUndefined();
  expect(mentionedMember("zoe", EMAILS)).toBeUndefined();
});

test("a mention is typed at the caret", () => {
  expect(typedMention("Hi @an", 6)).toBe("an");
  expect(typedMention("@", 1)).toBe("");
  expect(typedMention("a@b", 3)).toBeUndefined();
  expect(typedMention("@ann ", 5)).toBeUndefined();
});
