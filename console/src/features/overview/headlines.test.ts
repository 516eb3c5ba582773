import { expect, it } from "vitest";

import { headlinesOf } from "@/features/overview/headlines";
import type { Schemas } from "@/shared/api/client";

function measures(given: Partial<Schemas["MeasuresOut"]>): Schemas["MeasuresOut"] {
  return {
    requests: 0,
    errors: 0,
    unpriced: 0,
    input_tokens: 0,
    output_tokens: 0,
    cache_read_tokens: 0,
    reasoning_tokens: 0,
    cost: "0",
    latency_ms: null,
    ttft_ms: null,
    ...given,
  };
}

function named(name: string, now: Schemas["MeasuresOut"], before: Schemas["MeasuresOut"]) {
  return headlinesOf(now, before).find((headline) => headline.name === name);
}

it("tells the change and who is behind the number", () => {
  const now = measures({ requests: 110, errors: 11 });
  const before = measures({ requests: 100, errors: 1 });
  expect(named("Requests", now, before)).toMatchObject({ value: "110", change: "+10%", calls: {} });
  expect(named("Error rate", now, before)).toMatchObject({
    value: "10%",
    before: "1%",
    worse: true,
    calls: { errors_only: true },
  });
});

it("says nothing of a change where nothing was before", () => {
  const now = measures({ requests: 5, latency_ms: { p50: 10, p95: 20.7, p99: 30 } });
  expect(named("Requests", now, measures({}))).toMatchObject({ change: "", worse: false });
  expect(named("Latency p95", now, measures({}))).toMatchObject({
    value: "21 ms",
    calls: { min_duration_ms: 20 },
  });
});

it("shows a dash for what nobody measured", () => {
  expect(named("First token p50", measures({}), measures({}))?.value).toBe("–");
});

it("calls slower answers worse, more requests not", () => {
  const slow = measures({ requests: 9, latency_ms: { p50: 200, p95: 200, p99: 200 } });
  const fast = measures({ requests: 1, latency_ms: { p50: 100, p95: 100, p99: 100 } });
  expect(named("Latency p50", slow, fast)?.worse).toBe(true);
  expect(named("Latency p50", fast, slow)?.worse).toBe(false);
  expect(named("Requests", slow, fast)?.worse).toBe(false);
});
