import { expect, it } from "vitest";

import { isolatedPoints } from "@/shared/charts/option";
import { timeTicks } from "@/shared/charts/ticks";

const MINUTE = 60_000;

function starts(from: Date, bucketMs: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    new Date(from.getTime() + index * bucketMs).toISOString(),
  );
}

it("labels a time axis at round times", () => {
  const quarter = starts(new Date(2026, 10, 21, 12, 3, 15), 15_000, 60);
  expect([...timeTicks(quarter, 15_000).values()]).toEqual(["12:05", "12:10", "12:15"]);
});

it("labels midnight with the date", () => {
  const day = starts(new Date(2026, 10, 21, 18, 30), 30 * MINUTE, 48);
  const labels = [...timeTicks(day, 30 * MINUTE).values()];
  expect(labels).toEqual(["20:00", "11-22", "04:00", "08:00", "12:00", "16:00"]);
});

it("labels days with dates", () => {
  const week = starts(new Date(2026, 10, 15), 4 * 60 * MINUTE, 42);
  expect([...timeTicks(week, 4 * 60 * MINUTE).values()].every((label) => /^11-/.test(label))).toBe(
    true,
  );
});

it("finds points that no line connects", () => {
  expect(isolatedPoints([1, null, 2, 3, null, null, 4])).toEqual(new Set([0, 6]));
  expect(isolatedPoints([])).toEqual(new Set());
});
