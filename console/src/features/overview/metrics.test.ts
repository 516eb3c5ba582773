import { expect, it } from "vitest";

import { metricsOf } from "@/features/overview/metrics";
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
  return metricsOf(now, before).find((metric) => metric.name === name);
}

it("shows the change, and the filter for the calls that are counted", () => {
  const now = measures({ requests: 110, errors: 11 });
  const before = measures({ requests: 100, errors: 1 });
  expect(named("Calls", now, before)).toMatchObject({ value: "110", change: "+10%", calls: {} });
  expect(named("Error rate", now, before)).toMatchObject({
    value: "10%",
    before: "1%",
    worse: true,
    calls: { errors_only: true },
  });
});

it("shows no change without data in the previous period", () => {
  const now = measures({ requests: 5, latency_ms: { p50: 10, p95: 20.7, p99: 30 } });
  expect(named("Calls", now, measures({}))).toMatchObject({ change: "", worse: false });
  expect(named("Latency p95", now, measures({}))).toMatchObject({
    value: "21 ms",
    calls: { min_duration_ms: 20 },
  });
});

it("shows a dash without a measurement", () => {
  expect(named("First token p50", measures({}), measures({}))?.value).toBe("–");
});

it("marks slower responses as worse, but not more calls", () => {
  const slow = measures({ requests: 9, latency_ms: { p50: 200, p95: 200, p99: 200 } });
  const fast = measures({ requests: 1, latency_ms: { p50: 100, p95: 100, p99: 100 } });
  expect(named("Latency p50", slow, fast)?.worse).toBe(true);
  expect(named("Latency p50", fast, slow)?.worse).toBe(false);
  expect(named("Calls", slow, fast)?.worse).toBe(false);
});
