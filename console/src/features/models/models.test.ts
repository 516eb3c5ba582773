import { expect, test } from "vitest";

import { formatRetirement, formatTokens, priceOf, retirementTone } from "@/features/models/facts";
import { filterModels, parseModelSearch, providersOf } from "@/features/models/filters";
import type { Facts, Model } from "@/features/models/queries";

const FACTS: Facts = {
  title: "Model One",
  vendor: "Acme",
  context_tokens: 1_050_000,
  output_tokens: 64_000,
  inputs: ["text", "image"],
  outputs: ["text"],
  tools: true,
  structured_output: null,
  reasoning: false,
  open_weights: null,
  licence: "",
  tunable: null,
  logprobs: null,
  deprecated_on: null,
  note: "",
  regions: [],
  privacy: "",
  sources: [],
  vendor_sources: [],
};

function model(id: string, facts: Facts | null, ...providers: string[]): Model {
  return {
    id,
    facts,
    retirement: null,
    providers: providers.map((provider) => ({
      provider,
      send_as: `${provider}/${id}`,
      by_vendor: false,
      price_id: "",
      prices:
        provider === "priced"
          ? [{ unit: "input_tokens", price: "2.5", per: 1_000_000, tiered: false }]
          : null,
    })),
  };
}

const ONE = model("m-1", FACTS, "b", "priced");
const OTHER = model("unknown", null, "a");
const ids = (models: Model[]) => models.map((one) => one.id);

test("an unknown fact matches no filter", () => {
  expect(ids(filterModels([ONE, OTHER], {}))).toEqual(["m-1", "unknown"]);
  expect(ids(filterModels([ONE, OTHER], { can: ["image", "tools"] }))).toEqual(["m-1"]);
  expect(ids(filterModels([ONE, OTHER], { can: ["schema"] }))).toEqual([]);
  expect(ids(filterModels([ONE, OTHER], { can: ["retiring"] }))).toEqual([]);
});

test("the search finds ids, names and vendors", () => {
  for (const q of ["M-1", "model one", " acme"]) {
    expect(ids(filterModels([ONE, OTHER], { q }))).toEqual(["m-1"]);
  }
  expect(ids(filterModels([ONE, OTHER], { provider: "a" }))).toEqual(["unknown"]);
  expect(providersOf([ONE, OTHER])).toEqual(["a", "b", "priced"]);
});

test("filters in a URL are read strictly", () => {
  expect(parseModelSearch({ q: "x", can: "tools", provider: 7 })).toEqual({
    q: "x",
    can: ["tools"],
  });
  expect(parseModelSearch({ can: ["tools", "magic", "image"] })).toEqual({
    can: ["image", "tools"],
  });
});

test("prices are of the first provider that has some", () => {
  expect(priceOf(ONE, "input_tokens")).toBe("$2.50");
  expect(priceOf(ONE, "output_tokens")).toBeNull();
  expect(priceOf(OTHER, "input_tokens")).toBeNull();
});

test("token counts are short, and unknown ones a dash", () => {
  expect([formatTokens(1_050_000), formatTokens(131_072), formatTokens(null)]).toEqual([
    "1.05M",
    "131K",
    "–",
  ]);
});

test("a retirement that is near is given in days", () => {
  const end = (days: number, warns: boolean) => ({
    on: "2026-12-11",
    days,
    warns,
    replacement: "",
  });
  expect(formatRetirement(end(200, false))).toBe("2026-12-11");
  expect(formatRetirement(end(12, true))).toBe("retires in 12 days");
  expect(formatRetirement(end(1, true))).toBe("retires in 1 day");
  expect(formatRetirement(end(0, true))).toBe("retires today");
  expect(formatRetirement(end(-3, true))).toBe("retired 3 days ago");
  expect([200, 12, -3].map((days) => retirementTone(end(days, days < 31)))).toEqual([
    "neutral",
    "warn",
    "danger",
  ]);
});
