import { expect, test } from "vitest";

import { changeOf, draftFrom, draftOf, looksPrivate, wishOf } from "@/features/providers/draft";
import type { Provider } from "@/features/providers/queries";
import type { Vendor } from "@/features/providers/vendors";

const PROVIDER: Provider = {
  name: "openai",
  kind: "openai-compatible",
  base_url: "https://api.openai.com/v1",
  models: ["gpt-4o"],
  models_pinned: false,
  private_allowed: false,
  quirks: {},
  vendor: "openai",
  found: false,
  api_key_hint: "…abcd",
  created_at: "2026-11-01T00:00:00Z",
  updated_at: "2026-11-01T00:00:00Z",
};

const VLLM: Vendor = {
  name: "vllm",
  label: "vLLM",
  kind: "openai-compatible",
  base_url: "http://127.0.0.1:8000/v1",
  api_key_env: "",
  quirks: { terminator: "finish_reason" },
};

test("a known server comes with its address, its quirks and leave to be called", () => {
  expect(wishOf(draftOf(VLLM, true))).toMatchObject({
    name: "vllm",
    base_url: "http://127.0.0.1:8000/v1",
    private_allowed: true,
    quirks: { terminator: "finish_reason" },
  });
});

test("nothing touched changes nothing: the key and the list of models stay", () => {
  expect(changeOf(draftFrom(PROVIDER), PROVIDER, true)).toEqual({});
});

test("a pasted key is sent, a removed one becomes empty", () => {
  const draft = draftFrom(PROVIDER);
  expect(changeOf({ ...draft, apiKey: " sk-1 " }, PROVIDER, true)).toEqual({ api_key: "sk-1" });
  expect(changeOf({ ...draft, removeKey: true }, PROVIDER, true)).toEqual({ api_key: "" });
});

test("another address says again whether it may be private", () => {
  const draft = { ...draftFrom(PROVIDER), baseUrl: "http://127.0.0.1:8000/v1" };
  expect(changeOf({ ...draft, privateAllowed: true }, PROVIDER, true)).toEqual({
    base_url: "http://127.0.0.1:8000/v1",
    private_allowed: true,
  });
});

test("who may not allow private addresses asks for none, and leaves an allowed one as it is", () => {
  expect(wishOf(draftOf(VLLM, false)).private_allowed).toBe(false);
  const near = { ...PROVIDER, base_url: VLLM.base_url, private_allowed: true };
  const moved = { ...draftFrom(near), baseUrl: "https://api.example.com/v1" };
  expect(changeOf(moved, near, false)).toEqual({ base_url: "https://api.example.com/v1" });
});

test("emptied models are unpinned", () => {
  const pinned = { ...PROVIDER, models_pinned: true };
  expect(changeOf({ ...draftFrom(pinned), models: "" }, pinned, true)).toEqual({ models: [] });
});

test("without a vendor the address decides whose prices hold", () => {
  expect(wishOf(draftOf(VLLM, true))).not.toHaveProperty("vendor");
  expect(wishOf({ ...draftOf(VLLM, true), vendor: "mistral" })).toHaveProperty("vendor", "mistral");
});

test.each([
  ["http://127.0.0.1:8000/v1", true],
  ["http://localhost/v1", true],
  ["https://models.internal/v1", true],
  ["http://172.20.1.1/v1", true],
  ["http://172.32.1.1/v1", false],
  ["http://[::1]:8000/v1", true],
  ["https://api.openai.com/v1", false],
  ["not an address", false],
])("%s looks private: %s", (url, expected) => {
  expect(looksPrivate(url)).toBe(expected);
});
