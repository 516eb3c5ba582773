import { describe, expect, test } from "vitest";

import { exampleModel } from "@/features/keys/exampleModel";
import { expiryAfter } from "@/features/keys/expiry";
import type { Key } from "@/features/keys/queries";
import { attributionOf, matches, stateOf } from "@/features/keys/state";
import { EMPTY_FORM, toNewKey } from "@/features/keys/keyForm";
import { splitList } from "@/shared/forms/splitList";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const KEY: Key = {
  id: "key_1",
  name: "checkout",
  prefix: "pk_AbCdEf",
  role: "viewer",
  scopes: [],
  allowed_models: [],
  attributes: { team: "shop", user: "", use_case: "upsell", environment: "", segment: "" },
  tags: { stage: "beta" },
  created_at: "2026-11-01T00:00:00Z",
  priority: "normal",
  strict_hints: false,
  expires_at: null,
  revoked_at: null,
};

describe("a key's state", () => {
  test.each([
    [null, null, "active", true],
    ["2026-12-21T12:00:00Z", null, "active", true],
    ["2026-11-22T12:00:00Z", null, "expires soon", true],
    ["2026-11-21T12:00:00Z", null, "expired", false],
    ["2026-12-21T12:00:00Z", "2026-11-20T00:00:00Z", "revoked", false],
  ])("expiry %s, revoked %s: %s", (expires_at, revoked_at, name, usable) => {
    expect(stateOf({ ...KEY, expires_at, revoked_at }, NOW)).toMatchObject({ name, usable });
  });
});

test("attribution lists the attributes that a key sets, and no empty ones", () => {
  expect(attributionOf(KEY)).toEqual([
    { name: "use case", value: "upsell" },
    { name: "team", value: "shop" },
    { name: "stage", value: "beta" },
  ]);
});

test("the search finds a key by name, prefix and attribute, ignoring case", () => {
  expect(["CHECK", "abcdef", "shop", "beta", " "].every((text) => matches(KEY, text))).toBe(true);
  expect(matches(KEY, "viewer")).toBe(false);
});

test("model names may be separated by commas, spaces or line breaks", () => {
  expect(splitList("openai/gpt-4o,\n mistral/*  openai/gpt-4o")).toEqual([
    "openai/gpt-4o",
    "mistral/*",
  ]);
  expect(splitList(" ")).toEqual([]);
});

test("a new key has no role unless one is chosen", () => {
  expect(toNewKey(EMPTY_FORM, NOW).role).toBeNull();
  expect(toNewKey({ ...EMPTY_FORM, role: "viewer" }, NOW).role).toBe("viewer");
});

test("a new key has the trimmed values of its form", () => {
  const form = { ...EMPTY_FORM, name: " app ", days: "7", team: "shop ", allowed_models: "sim/*" };
  expect(toNewKey(form, NOW)).toMatchObject({
    name: "app",
    expires_at: "2026-11-28T12:00:00.000Z",
    allowed_models: ["sim/*"],
    attributes: { team: "shop", use_case: "" },
  });
});

test("the expiry is null for never, else the given number of days from now", () => {
  expect(expiryAfter(0, NOW)).toBeNull();
  expect(expiryAfter(7, NOW)).toBe("2026-11-28T12:00:00.000Z");
});

describe("the model of the example call", () => {
  const models = ["sim/sim-embed", "sim/sim-large", "sim/sim-small"];
  test.each([
    [[], "sim/sim-large"],
    [["sim/sim-small"], "sim/sim-small"],
    [["sim-small"], "sim/sim-small"],
    [["sim/*-small"], "sim/sim-small"],
    [["other/model"], "other/model"],
    [["sim/*embed"], "sim/sim-embed"],
    [["other/*"], ""],
  ])("allowed %j: %s", (allowed, model) => {
    expect(exampleModel(allowed, models)).toBe(model);
  });
});
