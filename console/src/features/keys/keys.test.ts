import { describe, expect, test } from "vitest";

import { callableModel } from "@/features/keys/callable";
import { expiryAfter } from "@/features/keys/expiry";
import type { Key } from "@/features/keys/queries";
import { fixedAttributes, matches, stateOf } from "@/features/keys/state";
import { readWish, splitModels } from "@/features/keys/wish";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const KEY: Key = {
  id: "key_1",
  name: "checkout",
  prefix: "pk_AbCdEf",
  role: "viewer",
  allowed_models: [],
  attributes: { team: "shop", user: "", use_case: "upsell", environment: "", segment: "" },
  created_at: "2026-11-01T00:00:00Z",
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
  ])("expiry %s, revoked %s: %s", (expires_at, revoked_at, name, alive) => {
    expect(stateOf({ ...KEY, expires_at, revoked_at }, NOW)).toMatchObject({ name, alive });
  });
});

test("what a key fixes is told by its name, what it leaves open is not", () => {
  expect(fixedAttributes(KEY)).toEqual([
    { name: "team", value: "shop" },
    { name: "use case", value: "upsell" },
  ]);
});

test("a key is found by name, prefix and attribute, whatever the letter case", () => {
  expect(["CHECK", "abcdef", "shop", " "].every((text) => matches(KEY, text))).toBe(true);
  expect(matches(KEY, "viewer")).toBe(false);
});

test("models may be separated by anything that is no model", () => {
  expect(splitModels("openai/gpt-4o,\n mistral/*  openai/gpt-4o")).toEqual([
    "openai/gpt-4o",
    "mistral/*",
  ]);
  expect(splitModels(" ")).toEqual([]);
});

test("a new key has no role unless one is chosen", () => {
  const form = new FormData();
  form.set("name", "app");
  form.set("role", "");
  expect(readWish(form, 0).role).toBeNull();
  form.set("role", "viewer");
  expect(readWish(form, 0).role).toBe("viewer");
});

test("never expires as null, else so many days from now", () => {
  expect(expiryAfter(0, NOW)).toBeNull();
  expect(expiryAfter(7, NOW)).toBe("2026-11-28T12:00:00.000Z");
});

describe("the model of a first call", () => {
  const models = ["sim/sim-embed", "sim/sim-large", "sim/sim-small"];
  test.each([
    [[], "sim/sim-large"],
    [["sim/sim-small"], "sim/sim-small"],
    [["sim-small"], "sim/sim-small"],
    [["sim/*-small"], "sim/sim-small"],
    [["other/model"], "other/model"],
    [["sim/*embed"], "sim/sim-embed"],
    [["other/*"], ""],
  ])("limits %j: %s", (allowed, model) => {
    expect(callableModel(allowed, models)).toBe(model);
  });
});
