import { describe, expect, it } from "vitest";

import {
  addTarget,
  EMPTY_ROUTE,
  formForRoute,
  nextPriority,
  splitModel,
  swapPriorities,
  toNewRoute,
  toRouteChange,
} from "@/features/routes/routeForm";
import { parseRouteSearch } from "@/features/routes/search";
import { layoutOf } from "@/features/routes/stages";
import { strategyOf } from "@/features/routes/strategies";
import { usageRows } from "@/features/routes/usage";
import type { Route, RouteTarget } from "@/shared/calls/routes";

function target(model: string, given: Partial<RouteTarget> = {}): RouteTarget {
  return { provider: "p", model, weight: 1, priority: 0, after: [], when: null, ...given };
}

const ROUTE: Route = {
  name: "support",
  version: 7,
  targets: [
    target("a", { weight: 3 }),
    target("b/c"),
    target("d", { priority: 4 }),
    target("e", { priority: 2, after: ["context_length"] }),
  ],
  strategy: "sticky",
  max_attempts: 5,
  first_token_timeout_ms: 1500,
  total_timeout_ms: 0,
  health_check: "models",
  health_check_s: 60,
  hedge_percent: 5,
  hedge_after_ms: 1500,
  shadow: { provider: "p", model: "big/one", percent: 2.5, max_calls: 7 },
  cache_s: 3600,
  updated_at: "2026-11-29T12:00:00Z",
};

describe("the layout of a route", () => {
  it("has the stages in order with shares, and the targets by cause", () => {
    const { stages, byCause } = layoutOf(ROUTE.targets, ROUTE.strategy);
    expect(stages.map((stage) => stage.name)).toEqual(["First", "Fallback 1"]);
    expect(stages[0]?.targets.map((each) => each.share)).toEqual([0.75, 0.25]);
    expect(byCause.map(({ causes, targets }) => [causes, targets[0]?.model])).toEqual([
      [["context_length"], "e"],
    ]);
  });

  it("has no shares where the strategy looks at something else first", () => {
    const { stages } = layoutOf(ROUTE.targets, "lowest_cost");
    expect(stages[0]?.targets.map((each) => each.share)).toEqual([null, null]);
  });

  it("joins targets by cause whatever the order of their causes", () => {
    const { byCause } = layoutOf(
      [target("a", { after: ["x", "y"] }), target("b", { after: ["y", "x"] })],
      "weighted",
    );
    expect(byCause.map(({ targets }) => targets.length)).toEqual([2]);
  });

  it("divides equally without any weight", () => {
    const { stages } = layoutOf(
      [target("a", { weight: 0 }), target("b", { weight: 0 })],
      "weighted",
    );
    expect(stages[0]?.targets.map((each) => each.share)).toEqual([0.5, 0.5]);
  });
});

describe("the form of a route", () => {
  it("returns what it was filled with; priorities keep their order without gaps", () => {
    const change = toRouteChange(formForRoute(ROUTE), ROUTE.version);
    expect(change).toEqual({
      version: 7,
      targets: [
        target("a", { weight: 3 }),
        target("b/c"),
        target("d", { priority: 2 }),
        target("e", { priority: 1, after: ["context_length"] }),
      ],
      strategy: "sticky",
      max_attempts: 5,
      first_token_timeout_ms: 1500,
      total_timeout_ms: 0,
      health_check: "models",
      health_check_s: 60,
      hedge_percent: 5,
      hedge_after_ms: 1500,
      shadow: { provider: "p", model: "big/one", percent: 2.5, max_calls: 7 },
      cache_s: 3600,
    });
  });

  it("adds a route", () => {
    const [first] = EMPTY_ROUTE.targets;
    const targets = first ? [{ ...first, model: "p/a" }] : [];
    const added = toNewRoute({ ...EMPTY_ROUTE, name: " support ", targets });
    expect(added).toMatchObject({ name: "support", targets: [target("a")], max_attempts: 3 });
    expect(added.shadow).toBeNull();
  });

  it("splits names of models at the first slash only", () => {
    expect(splitModel(" openrouter/meta/llama ")).toEqual({
      provider: "openrouter",
      model: "meta/llama",
    });
    expect(splitModel("llama")).toEqual({ provider: "llama", model: "" });
  });

  it("moves a stage and leaves targets by cause where they are", () => {
    const { targets } = formForRoute(ROUTE);
    const moved = swapPriorities(targets, 0, 4);
    expect(moved.map(({ priority }) => priority)).toEqual([4, 4, 0, 2]);
    expect(swapPriorities(moved, 4, 0)).toEqual(targets);
  });

  it("gives new targets their own id, also after one was removed", () => {
    const two = addTarget(EMPTY_ROUTE.targets, 0);
    const again = addTarget(two.slice(1), nextPriority(two));
    expect(again.map(({ id, priority }) => [id, priority])).toEqual([
      [1, 0],
      [2, 1],
    ]);
  });
});

describe("the usage of a route", () => {
  const usage = (model: string) => ({
    provider: "p",
    model,
    attempts: 2,
    errors: 1,
    calls: 1,
    latency_ms: null,
    ttft_ms: null,
    error_types: { upstream_error: 1 },
  });

  it("has every target in order, and those that calls met before a change", () => {
    const rows = usageRows(ROUTE.targets, [usage("old"), usage("d")]);
    expect(rows.map((row) => [row.model, row.usage?.attempts, row.isTarget])).toEqual([
      ["a", undefined, true],
      ["b/c", undefined, true],
      ["d", 2, true],
      ["e", undefined, true],
      ["old", 2, false],
    ]);
  });
});

it("a strategy of a plugin has its name", () => {
  expect(strategyOf("mine")).toMatchObject({ value: "mine", name: "mine" });
});

it("the page of a route knows two time ranges", () => {
  expect(parseRouteSearch({ range: "1h" })).toEqual({ range: "1h" });
  expect(parseRouteSearch({ range: "7d" })).toEqual({});
});
