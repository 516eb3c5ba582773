import { describe, expect, it, test } from "vitest";

import { oldestCall, shortestPreset } from "@/features/overview/autoRange";
import type { Schemas } from "@/shared/api/client";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const MINUTE = 60_000;

test.each([
  [1, "15m"],
  [15, "15m"],
  [16, "1h"],
  [61, "6h"],
  [7 * 60, "24h"],
  [25 * 60, "7d"],
  [8 * 24 * 60, "30d"],
  [400 * 24 * 60, "30d"],
])("data of the last %d minutes is shown in %s", (minutes, preset) => {
  expect(shortestPreset(NOW - minutes * MINUTE, NOW)).toBe(preset);
});

describe("the oldest call", () => {
  const bucket = (start: string, requests: number) => ({ start, requests }) as Schemas["BucketOut"];

  it("is in the first bucket with calls", () => {
    const series = [
      bucket("2026-11-21T11:00:00Z", 0),
      bucket("2026-11-21T11:30:00Z", 2),
      bucket("2026-11-21T11:45:00Z", 1),
    ];
    expect(oldestCall(series)).toBe(Date.parse("2026-11-21T11:30:00Z"));
  });

  it("does not exist without calls", () => {
    expect(oldestCall([bucket("2026-11-21T11:00:00Z", 0)])).toBeUndefined();
    expect(oldestCall([])).toBeUndefined();
  });
});
