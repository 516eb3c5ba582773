import { describe, expect, test } from "vitest";

import { burnDown, rateChart } from "@/features/limits/burnDown";
import { EMPTY_LIMIT, formForLimit, toLimitChange, toNewLimit } from "@/features/limits/limitForm";
import { describeAmount } from "@/features/limits/measures";
import type { Limit, LimitHistory, LimitUse } from "@/features/limits/queries";
import { callsOf } from "@/features/limits/scope";
import { parseLimitSearch, parseLimitsSearch } from "@/features/limits/search";
import { byUse, matches, shareOf, stateOf } from "@/features/limits/state";

const START = "2026-11-01T00:00:00Z";
const NOW = Date.parse("2026-11-11T00:00:00Z");

const usage = (part: Partial<LimitUse> = {}): LimitUse => ({
  used: "30",
  reserved: "10",
  left: "60",
  exceeded: "0",
  window_start: START,
  resets_at: "2026-12-01T00:00:00Z",
  forecast: { at_end: "90", used_up_at: null },
  ...part,
});

const limit = (part: Partial<Limit> = {}): Limit => ({
  id: "lim_1",
  name: "Search team",
  measure: "spend",
  amount: "100",
  window: "month",
  time_zone: "Europe/Berlin",
  only: { team: ["search", "ads"], "tag:plan": ["gold"] },
  per: [],
  unpriced: "reject",
  unavailable: "reject",
  over: "admit",
  updated_at: START,
  use: usage(),
  ...part,
});

describe("amounts", () => {
  test.each([
    [limit({ amount: "500" }), "$500.00 a month"],
    [limit({ measure: "requests", amount: "60", window: "minute" }), "60 requests a minute"],
    [limit({ measure: "tokens", amount: "1200000", window: "hour" }), "1.2M tokens an hour"],
    [limit({ measure: "concurrency", amount: "1", window: null }), "1 open call"],
  ])("are described with their unit", (one, text) => {
    expect(describeAmount(one)).toBe(text);
  });

  test("reserved amounts count", () => {
    expect(shareOf("100", usage())).toBe(0.4);
    expect(shareOf("0", usage())).toBe(Infinity);
    expect(shareOf("0", usage({ used: "0", reserved: "0" }))).toBe(1);
  });
});

describe("states", () => {
  const one = limit();
  test.each([
    [usage(), { tone: "neutral", text: "$90.00 at the end" }],
    [usage({ used: "100", left: "0" }), { tone: "danger", text: "Used up" }],
    [
      usage({ forecast: { at_end: "300", used_up_at: "2026-11-14T00:00:00Z" } }),
      { tone: "warn", text: "Used up in 3d" },
    ],
    [usage({ forecast: null, used: "85" }), { tone: "warn", text: "Nearly full" }],
    [usage({ forecast: null }), null],
  ])("%#", (each, state) => {
    expect(stateOf(one, each, NOW)).toEqual(state);
  });

  test("the most used is first, one with several counters last", () => {
    const several = limit({ id: "several", use: null });
    const full = limit({ id: "full", use: usage({ used: "99" }) });
    expect(byUse([several, one, full]).map(({ id }) => id)).toEqual(["full", "lim_1", "several"]);
  });

  test("the search covers names and scopes", () => {
    expect(matches(one, "SEARCH t")).toBe(true);
    expect(matches(one, "gold")).toBe(true);
    expect(matches(one, "silver")).toBe(false);
  });
});

describe("the calls of a limit", () => {
  test("are a filter", () => {
    const each = limit({ per: ["key"] });
    expect(callsOf(each, ["key_1"])).toEqual({
      team: ["search", "ads"],
      tag: ["plan:gold"],
      key_id: ["key_1"],
    });
    expect(callsOf(limit({ only: { model: ["openai/org/gpt"] } }))).toEqual({
      provider: ["openai"],
      model: ["org/gpt"],
    });
  });

  test("cannot be one for patterns and calls without a value", () => {
    expect(callsOf(limit({ only: { model: ["openai/gpt-*"] } }))).toBeUndefined();
    expect(callsOf(limit({ per: ["user"] }), [""])).toBeUndefined();
  });
});

describe("the form", () => {
  test("keeps all conditions of a limit", () => {
    const change = toLimitChange(formForLimit(limit()));
    expect(change.only).toEqual({ team: ["search", "ads"], "tag:plan": ["gold"] });
    expect(change).not.toHaveProperty("window");
  });

  test("a bound of open calls has no window, a rate no time zone", () => {
    const form = { ...EMPTY_LIMIT, name: " x ", time_zone: "Asia/Tokyo" };
    expect(toNewLimit({ ...form, measure: "concurrency" })).toMatchObject({ window: null });
    expect(toNewLimit({ ...form, window: "minute" })).toMatchObject({
      name: "x",
      time_zone: "UTC",
    });
    expect(toNewLimit({ ...form, per: ["user"], per_tags: "plan, " }).per).toEqual([
      "user",
      "tag:plan",
    ]);
  });
});

describe("charts", () => {
  const history: LimitHistory = {
    start: START,
    bucket_s: 86_400,
    used: ["5", "15", "10"],
    recent_s: 86_400,
    recent: { at_end: "130", used_up_at: "2026-11-20T00:00:00Z" },
  };

  test("what is left goes down to now, then by the forecast, never below zero", () => {
    const chart = burnDown(limit(), usage(), history);
    const [left, pace, forecast] = chart.series.map(({ values }) => values);
    expect(chart.starts).toHaveLength(31);
    expect(left?.slice(0, 5)).toEqual([100, 95, 80, 70, null]);
    expect([pace?.[0], pace?.[15], pace?.[30]]).toEqual([100, 50, 0]);
    expect([forecast?.[2], forecast?.[3], forecast?.[30]]).toEqual([null, 70, 0]);
  });

  test("a counter that is ahead of the records has the last word", () => {
    const chart = burnDown(limit(), usage({ used: "50", forecast: null }), {
      ...history,
      recent: null,
    });
    expect(chart.series).toHaveLength(2);
    expect(chart.series[0]?.values[3]).toBe(50);
  });

  test("a rate has its bars and its limit", () => {
    const chart = rateChart(limit({ amount: "20" }), history);
    expect(chart.series.map(({ values }) => values)).toEqual([
      [5, 15, 10],
      [20, 20, 20],
    ]);
  });
});

test("search parameters are read, others ignored", () => {
  expect(parseLimitsSearch({ q: "x", order: "used" })).toEqual({ q: "x", order: "used" });
  expect(parseLimitsSearch({ q: 1, order: "odd" })).toEqual({});
  expect(parseLimitSearch({ value: "ann" })).toEqual({ value: ["ann"] });
  expect(parseLimitSearch({ value: ["ann", 7] })).toEqual({ value: ["ann", "7"] });
  expect(parseLimitSearch({})).toEqual({});
});
