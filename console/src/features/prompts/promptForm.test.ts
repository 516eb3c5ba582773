import { describe, expect, test } from "vitest";

import { foldEqual } from "@/shared/prompts/foldEqual";
import { comparedVersions } from "@/features/prompts/comparedVersions";
import {
  contentOf,
  EMPTY_PROMPT,
  formForContent,
  freshId,
  type PromptForm,
} from "@/features/prompts/promptForm";
import { parsePromptSearch, parsePromptsSearch } from "@/features/prompts/search";
import { undeclaredNames } from "@/features/prompts/templateNames";

const CONTENT = {
  kind: "chat" as const,
  messages: [
    { role: "system" as const, content: "Be {{ tone }}." },
    { placeholder: "history" },
    { role: "user" as const, content: "" },
  ],
  variables: {
    tone: { type: "enum" as const, values: ["kind", "short"], default: "kind" },
    count: { type: "integer" as const, default: 0 },
    name: { description: "of the customer" },
  },
  parameters: { temperature: 0 },
  tools: [{ type: "function" }],
  response_schema: { type: "object" },
  partials: { "a/b": "0".repeat(64) },
};

describe("the form of a prompt", () => {
  test("gives the content back that it was made for", () => {
    const form = formForContent("a", CONTENT);
    expect(contentOf(form, CONTENT.partials)).toEqual(CONTENT);
  });

  test("leaves out the parts that are empty", () => {
    const form: PromptForm = { ...EMPTY_PROMPT, kind: "text", text: "Hi", variables: [] };
    expect(contentOf(form)).toEqual({ kind: "text", text: "Hi" });
  });

  test("names the part that is not JSON", () => {
    expect(() => contentOf({ ...EMPTY_PROMPT, tools: "[" })).toThrow(/^Tools: /);
  });

  test("gives items ids of their own", () => {
    expect(freshId([])).toBe(1);
    expect(freshId([{ id: 4 }, { id: 2 }])).toBe(5);
  });
});

describe("undeclared names", () => {
  const text = (text: string): PromptForm => ({ ...EMPTY_PROMPT, kind: "text", text });

  test("are those of values, conditions and loops", () => {
    expect(
      undeclaredNames(text("{{ a|upper }}{% if not b %}{% for x in xs %}{{ x.y }}{% endfor %}")),
    ).toEqual(["a", "b", "xs"]);
  });

  test("are not those of the text or of comments", () => {
    expect(undeclaredNames(text("in March {# {{ a }} #} if b, in c"))).toEqual([]);
  });

  test("are not those that the template sets, or that are declared", () => {
    expect(undeclaredNames(text("{{ question }}{% set c = 1 %}{{ c }}{{ loop.index }}"))).toEqual(
      [],
    );
  });
});

describe("search parameters", () => {
  test("keep what is valid", () => {
    expect(parsePromptSearch({ version: "3", tab: "changes", against: "x" })).toEqual({
      version: 3,
      tab: "changes",
    });
    expect(parsePromptSearch({ version: -1, tab: "other" })).toEqual({});
    expect(parsePromptsSearch({ q: "a", folder: "", label: 1 })).toEqual({ q: "a" });
  });
});

describe("folding", () => {
  const text = (count: number) => Array.from({ length: count }, (_, line) => `l${line}`).join("\n");

  test("leaves context around changes", () => {
    const middle = { first: false, last: false };
    expect(foldEqual(text(9), middle)).toBeNull();
    expect(foldEqual(text(10), middle)).toEqual({
      before: "l0\nl1\nl2",
      lines: 4,
      after: "l7\nl8\nl9",
    });
  });

  test("needs no context at the ends of the text", () => {
    expect(foldEqual(text(7), { first: true, last: false })).toEqual({
      before: "",
      lines: 4,
      after: "l4\nl5\nl6",
    });
    expect(foldEqual(text(7), { first: false, last: true })?.after).toBe("");
  });
});

test("the version in production comes first, then the one that is looked at, then the newest", () => {
  const known = [9, 8, 7, 6, 5, 4, 3].map((number) => ({ number, digest: String(number) }));
  const numbers = (number: number, production?: number) =>
    comparedVersions(known, number, production).map((version) => version.number);
  expect(numbers(5, 3)).toEqual([3, 5, 9, 8, 7]);
  expect(numbers(9)).toEqual([9, 8, 7, 6, 5]);
  expect(numbers(4, 1)).toEqual([4, 9, 8, 7, 6]);
});
