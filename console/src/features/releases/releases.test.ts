import { expect, test } from "vitest";

import { isEqual, partsOfBoth } from "@/features/releases/differences";
import { layoutOf } from "@/features/releases/lineageLayout";
import { parsePromptTitle } from "@/features/releases/promptTitle";
import type { Lineage } from "@/features/releases/queries";
import type { Release } from "@/shared/releases/queries";

function release(part: Partial<Release>): Release {
  return {
    digest: "a".repeat(64),
    model: "sim/small",
    prompt: "",
    parameters: {},
    tools: [],
    response_schema: null,
    steps: {},
    author: "ada",
    message: "",
    created_at: "2026-11-30T10:00:00Z",
    ...part,
  };
}

test("parts that differ come first, and parts that neither has are left out", () => {
  const old = release({ parameters: { seed: 1, temperature: 0.2 } });
  const newer = release({ parameters: { seed: 1, stop: ["x"] }, tools: [{ name: "look" }] });
  const parts = partsOfBoth(old, newer);
  expect(parts.map(({ name }) => name)).toEqual(["stop", "temperature", "Tools", "Model", "seed"]);
  expect(parts[0]).toEqual({ name: "stop", old: "", new: '["x"]' });
  expect(parts.filter(isEqual).map(({ name }) => name)).toEqual(["Model", "seed"]);
});

test("a lineage leads from partials to the prompt, to the release, to what uses it", () => {
  const own = release({});
  const lineage: Lineage = {
    release: own,
    contains: [
      { kind: "model", part: "sim/small", title: "" },
      { kind: "partial", part: "c".repeat(64), title: "" },
      { kind: "prompt", part: "d".repeat(64), title: "support/answer 3" },
    ],
    contained_in: [release({ digest: "e".repeat(64), steps: { look: own.digest, ask: "f" } })],
    rollouts: [{ use_case: "support", environment: "dev" }],
  };
  const { columns, lines } = layoutOf(lineage);
  expect(columns.map(({ length }) => length)).toEqual([1, 2, 1, 2]);
  expect(lines).toEqual([
    [[0, 1]],
    [
      [0, 0],
      [1, 0],
    ],
    [
      [0, 0],
      [0, 1],
    ],
  ]);
  expect(columns[3]?.[1]).toMatchObject({ kind: "chain", step: "look" });
});

test("a release that nothing uses has no column after it", () => {
  const { columns, lines } = layoutOf({
    release: release({}),
    contains: [{ kind: "model", part: "sim/small", title: "" }],
    contained_in: [],
    rollouts: [],
  });
  expect([columns.length, lines.length]).toEqual([2, 1]);
});

test("the title of a prompt has its name and version", () => {
  expect(parsePromptTitle("support/my answer 12")).toEqual({
    name: "support/my answer",
    version: "12",
  });
});
