import { expect, test } from "vitest";

import { visibleDifference } from "@/features/evaluations/runForm";
import { parseCompareSearch, parseRunSearch } from "@/features/evaluations/search";
import { withSlice } from "@/features/evaluations/SelectionChips";
import { plotTicks } from "@/shared/charts/plotTicks";
import { enteredDefaults, optionKind, optionsOf } from "@/shared/forms/schema";

test("a URL selects results by metric, state, value and slices", () => {
  expect(
    parseRunSearch({ metric: "equals", measured: "scored", value: "false", slice: "topic=x" }),
  ).toEqual({ metric: "equals", measured: "scored", value: "false", slice: ["topic=x"] });
  expect(parseRunSearch({ state: "other", measured: "nan", slice: ["x", "a=b"] })).toEqual({
    slice: ["a=b"],
  });
  expect(parseCompareSearch({ run: ["a", "b"], order: "best" })).toEqual({
    run: ["a", "b"],
    order: "best",
  });
});

test("a field has one slice", () => {
  expect(withSlice(["topic=x", "lang=de"], "topic", "y")).toEqual(["lang=de", "topic=y"]);
});

const SCHEMA = {
  required: ["model"],
  properties: {
    model: { type: "string" },
    values: { type: "array", items: { type: "string" }, default: [] },
    mode: { enum: ["all", "any"], default: "all" },
    most: { anyOf: [{ type: "integer", minimum: 0 }, { type: "null" }], default: null },
    fenced: { type: "boolean", default: true },
    scale: { anyOf: [{ type: "array" }, { type: "null" }], default: null },
    shown: { type: "array", items: { enum: ["input", "context"] }, default: ["input"] },
  },
};

test("a schema says how its properties are entered", () => {
  const kinds = Object.values(SCHEMA.properties).map(optionKind);
  expect(kinds).toEqual(["text", "lines", "choice", "number", "check", "json", "choices"]);
});

test("options have what differs from the defaults, as values", () => {
  const entered = enteredDefaults(SCHEMA);
  expect(optionsOf(SCHEMA, entered)).toEqual({});
  const changed = { ...entered, values: "a\n\nb", most: "3", fenced: false, scale: "[1, 5]" };
  expect(optionsOf(SCHEMA, { ...changed, model: "m" })).toEqual({
    model: "m",
    values: ["a", "b"],
    most: 3,
    fenced: false,
    scale: [1, 5],
  });
});

test("four times the items show half the difference", () => {
  expect(visibleDifference(400, 0.1)).toBeCloseTo(2 * visibleDifference(1600, 0.1));
  expect(visibleDifference(785, 0.25)).toBeCloseTo(0.05, 4);
});

test("ticks are round, and the axis shows all values", () => {
  const { ticks, extent } = plotTicks([0.1, 0.3]);
  expect(ticks).toEqual([0.1, 0.15, 0.2, 0.25, 0.3]);
  expect(extent[0]).toBeLessThan(0.1);
  expect(plotTicks([]).ticks).toEqual([]);
  expect(plotTicks([5, 5]).ticks.length).toBeGreaterThan(0);
});
