import { expect, test } from "vitest";

import { scaleOf } from "@/features/evaluations/IntervalBar";
import { allEqual } from "@/features/evaluations/MetricPlots";
import type { MetricDifference, MetricFacts, MetricReport } from "@/features/evaluations/queries";
import { parseCompareSearch } from "@/features/evaluations/search";
import { slicesBy } from "@/features/evaluations/slices";
import { wordDiff } from "@/shared/format/wordDiff";
import {
  formatDifference,
  formatValue,
  measuredText,
  outcome,
  outcomeNote,
} from "@/features/evaluations/words";

const RATE: MetricFacts = {
  kind: "rate",
  higher_is_better: true,
  judged: false,
  least: null,
  most: null,
  unit: "",
};
const MS: MetricFacts = { ...RATE, kind: "mean", unit: "ms", higher_is_better: false };

function difference(part: Partial<MetricDifference>): MetricDifference {
  const estimate = { items: 10, mean: 0.5, low: 0.4, high: 0.6 };
  return {
    metric: "equals",
    run: "evr_2",
    baseline: estimate,
    candidate: estimate,
    items: 10,
    better: 1,
    worse: 1,
    difference: 0,
    low: -0.1,
    high: 0.1,
    p: 1,
    visible: 0.07,
    outcome: "no difference shown",
    text: "no difference shown (this run could see ≥ 0.07)",
    ...part,
  };
}

test("marks the words that differ in both texts", () => {
  const { before, after } = wordDiff("open until 8 today", "open after 8 today");
  expect(before.filter(({ changed }) => changed)).toEqual([{ text: "until", changed: true }]);
  expect(after.filter(({ changed }) => changed)).toEqual([{ text: "after", changed: true }]);
});

test("keeps both texts whole, whatever they are", () => {
  const texts = [
    "",
    "a",
    "a a b",
    "b a\n\na",
    "ä,ö!",
    "same same",
    "x ".repeat(3000),
    "y x ".repeat(2000),
  ];
  for (const one of texts) {
    for (const other of texts) {
      const { before, after } = wordDiff(one, other);
      expect(before.map(({ text }) => text).join("")).toBe(one);
      expect(after.map(({ text }) => text).join("")).toBe(other);
      const kept = (parts: typeof before) =>
        parts.filter(({ changed }) => !changed).map(({ text }) => text);
      expect(kept(before).join("")).toBe(kept(after).join(""));
    }
  }
});

test("writes values in the unit of their metric", () => {
  expect(formatValue(0.43666, RATE)).toBe("43.7%");
  expect(formatValue(1032.7, MS)).toBe("1.03 s");
  expect(formatValue(0.73574, { ...RATE, kind: "mean" })).toBe("0.736");
  expect(formatDifference(-0.47, RATE)).toBe("−47.0 pp");
  expect(formatDifference(244, MS)).toBe("+244 ms");
  expect(formatDifference(0, RATE)).toBe("±0.0 pp");
});

test("shows a state in place of a value that is missing", () => {
  const measured = { value: null, reason: "", details: {}, cost_usd: 0 };
  expect(measuredText({ ...measured, state: "judge_error" }, RATE)).toBe("judge error");
  expect(measuredText({ ...measured, state: "scored", value: false }, RATE)).toBe("no");
  expect(measuredText({ ...measured, state: "scored", value: 0.5 }, RATE)).toBe("0.5");
});

test("says what a comparison shows, and what it could have seen", () => {
  expect(outcome(difference({ outcome: "worse" }))).toEqual({ tone: "danger", name: "worse" });
  expect(outcomeNote(difference({}), RATE)).toBe("this run could see ≥ 7.0 pp");
  const corrected = difference({ text: "no difference shown once all comparisons count", p: 0.15 });
  expect(outcomeNote(corrected, RATE)).toBe("not once all comparisons count (p = 0.15)");
});

test("a metric of which neither is better is higher or lower", () => {
  expect(outcome(difference({ outcome: "higher" }))).toEqual({ tone: "neutral", name: "higher" });
});

test("a metric with the same estimate in all runs needs no plot", () => {
  const estimate = { items: 24, mean: 1, low: 0.86, high: 1 };
  expect(allEqual([estimate, { ...estimate, items: 30 }])).toBe(true);
  expect(allEqual([estimate, { ...estimate, low: 0.8 }])).toBe(false);
  expect(allEqual([estimate, undefined])).toBe(false);
  const nothing = { items: 0, mean: null, low: null, high: null };
  expect(allEqual([nothing, nothing])).toBe(false);
});

test("joins the slices of all metrics", () => {
  const metric = (name: string, value: string, items: number): MetricReport => ({
    name,
    facts: RATE,
    samples: items,
    scored: items,
    states: {},
    labels: {},
    figures: null,
    human: null,
    estimate: { items, mean: 1, low: null, high: null },
    slices: [{ field: "topic", value, estimate: { items, mean: 1, low: null, high: null } }],
  });
  const found = slicesBy(
    [metric("a", "x", 10), metric("b", "x", 9), metric("c", "y", 20)],
    "topic",
  );
  expect(found.map(({ value, items }) => [value, items])).toEqual([
    ["y", 20],
    ["x", 10],
  ]);
  expect([...(found[1]?.estimates.keys() ?? [])]).toEqual(["a", "b"]);
  expect(slicesBy([metric("a", "x", 10)], "language")).toEqual([]);
});

test("a scale holds all ends, also of nothing", () => {
  expect(scaleOf([])).toEqual({ from: 0, to: 1 });
  const { from, to } = scaleOf([{ mean: 2, low: 1, high: 3 }]);
  expect(from).toBeLessThan(1);
  expect(to).toBeGreaterThan(3);
});

test("compares each run once, at most ten", () => {
  expect(parseCompareSearch({ run: "a" }).run).toEqual(["a"]);
  expect(parseCompareSearch({ run: ["a", "b", "a", ""] }).run).toEqual(["a", "b"]);
  expect(
    parseCompareSearch({ run: Array.from({ length: 12 }, (_, at) => `${at}`) }).run,
  ).toHaveLength(10);
});
