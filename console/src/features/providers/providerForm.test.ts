import { expect, test } from "vitest";

import {
  toProviderChange,
  formForProvider,
  formForVendor,
  isPrivateAddress,
  toNewProvider,
} from "@/features/providers/providerForm";
import { QUIRKS, quirksOf } from "@/features/providers/quirks";
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
  max_concurrency: 0,
  max_queue: 16,
  queue_timeout_ms: 5000,
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

test("a known vendor fills in its address, its quirks and the permission for a private address", () => {
  expect(toNewProvider(formForVendor(VLLM, true), VLLM)).toMatchObject({
    name: "vllm",
    base_url: "http://127.0.0.1:8000/v1",
    private_allowed: true,
    quirks: { terminator: "finish_reason" },
  });
});

test("an unchanged form changes nothing: the key and the list of models stay", () => {
  expect(toProviderChange(formForProvider(PROVIDER), PROVIDER, true)).toEqual({});
});

test("a pasted key is sent, a removed one becomes empty", () => {
  const form = formForProvider(PROVIDER);
  expect(toProviderChange({ ...form, api_key: " sk-1 " }, PROVIDER, true)).toEqual({
    api_key: "sk-1",
  });
  expect(toProviderChange({ ...form, remove_key: true }, PROVIDER, true)).toEqual({ api_key: "" });
});

test("a new address sends again whether it may be private", () => {
  const form = { ...formForProvider(PROVIDER), base_url: "http://127.0.0.1:8000/v1" };
  expect(toProviderChange({ ...form, private_allowed: true }, PROVIDER, true)).toEqual({
    base_url: "http://127.0.0.1:8000/v1",
    private_allowed: true,
  });
});

test("a user who may not allow private addresses requests none, and keeps an allowed one", () => {
  expect(toNewProvider(formForVendor(VLLM, false), VLLM).private_allowed).toBe(false);
  const near = { ...PROVIDER, base_url: VLLM.base_url, private_allowed: true };
  const moved = { ...formForProvider(near), base_url: "https://api.example.com/v1" };
  expect(toProviderChange(moved, near, false)).toEqual({ base_url: "https://api.example.com/v1" });
});

test("quirks are set, removed, and kept where the form does not show them", () => {
  const odd = { ...PROVIDER, quirks: { terminator: "finish_reason", other: "1" } };
  const form = formForProvider(odd);
  const quirks = { ...form.quirks, terminator: "", media_urls: "fetch ", region: " " };
  expect(toProviderChange({ ...form, quirks }, odd, true)).toEqual({
    quirks: { other: "1", media_urls: "fetch" },
  });
  const same = { other: "1", terminator: "finish_reason", region: "" };
  expect(toProviderChange({ ...form, quirks: same }, odd, true)).toEqual({});
});

test("an emptied quirk of the vendor is sent as empty, which removes it", () => {
  const form = { ...formForVendor(VLLM, true), quirks: { terminator: "", files: "yes" } };
  expect(toNewProvider(form, VLLM).quirks).toEqual({ terminator: "", files: "yes" });
});

test("the form offers the quirks of the kind, each with a description", () => {
  const namesOf = (kind: string) => quirksOf(kind).map(({ name }) => name);
  expect(namesOf("cohere")).toEqual(["media_urls", "passthrough"]);
  expect(namesOf("")).toEqual(namesOf("openai-compatible"));
  expect(namesOf("openai-compatible")).toContain("terminator");
  expect(namesOf("anthropic")).toEqual(["media_urls", "passthrough", "max_tokens", "auth"]);
  expect(QUIRKS.filter(({ hint }) => !hint)).toEqual([]);
});

test("an emptied list of models is no longer pinned", () => {
  const pinned = { ...PROVIDER, models_pinned: true };
  expect(toProviderChange({ ...formForProvider(pinned), models: "" }, pinned, true)).toEqual({
    models: [],
  });
});

test("limits of calls at once are set and removed; a new provider without them has the defaults", () => {
  const form = formForProvider(PROVIDER);
  const limited = { ...form, max_concurrency: "4", queue_timeout_s: "0.5" };
  expect(toProviderChange(limited, PROVIDER, true)).toEqual({
    max_concurrency: 4,
    queue_timeout_ms: 500,
  });
  const before = { ...PROVIDER, max_concurrency: 4 };
  const unlimited = { ...formForProvider(before), max_concurrency: "" };
  expect(toProviderChange(unlimited, before, true)).toEqual({ max_concurrency: 0 });
  expect(toNewProvider(formForVendor(VLLM, true), VLLM)).toMatchObject({
    max_concurrency: 0,
    max_queue: 16,
    queue_timeout_ms: 5000,
  });
});

test("without a vendor the base URL determines the price list", () => {
  expect(toNewProvider(formForVendor(VLLM, true), VLLM)).not.toHaveProperty("vendor");
  expect(toNewProvider({ ...formForVendor(VLLM, true), vendor: "mistral" }, VLLM)).toHaveProperty(
    "vendor",
    "mistral",
  );
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
])("%s is a private address: %s", (url, expected) => {
  expect(isPrivateAddress(url)).toBe(expected);
});
