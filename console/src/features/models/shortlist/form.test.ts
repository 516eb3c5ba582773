import { expect, test } from "vitest";

import {
  formOf,
  parseShortlistSearch,
  requestOf,
  scoresOf,
  searchOf,
} from "@/features/models/shortlist/form";

test("constraints become a request, and what is empty demands nothing", () => {
  const search = parseShortlistSearch({
    max_cost: 0.002,
    tokens: "1000/300",
    errors: "1",
    scores: "helpful=0.8, no-number=x",
    needs: "tools",
    regions: "eu, ch",
    certain: "true",
    unknown_name: "x",
  });
  const { required, tokens, unknown, preferred } = requestOf(search);
  expect(required).toMatchObject({
    max_cost: "0.002",
    max_latency_ms: null,
    max_error_rate: 0.01,
    min_scores: { helpful: 0.8 },
    needs: ["tools"],
    regions: ["eu", "ch"],
  });
  expect(tokens).toEqual({ input: 1000, output: 300 });
  expect([unknown, preferred]).toEqual(["exclude", []]);
  expect(requestOf({}).tokens).toBeNull();
});

test("a form and its address are the same", () => {
  const search = { max_cost: "1", needs: ["tools", "tunable"], certain: true };
  expect(searchOf(formOf(search))).toEqual(search);
  expect(searchOf(formOf({}))).toEqual({});
});

test("scores have a name and a number", () => {
  expect(scoresOf("a=b=0.5 c=1, =2, d")).toEqual({ "a=b": 0.5, c: 1 });
});
