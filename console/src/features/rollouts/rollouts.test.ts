import { expect, test } from "vitest";

import { emptyComparison, parseTesters, toNewComparison } from "@/features/rollouts/comparisonForm";
import { boundText, guardState, meanText, progress } from "@/features/rollouts/guards";
import { logOf } from "@/features/rollouts/log";
import type { Decision, Guard, RolloutChange } from "@/features/rollouts/queries";
import { presetSince } from "@/features/rollouts/search";
import { slicesOf } from "@/features/rollouts/slices";
import { armShares } from "@/shared/releases/arms";
import type { Rollout } from "@/shared/releases/queries";

const A = "a".repeat(64);
const B = "b".repeat(64);

function guard(part: Partial<Guard>): Guard {
  const plain = { ratio: 1, margin: 0, limit: 0, score: "", minimum: 100 } as const;
  return { metric: "errors", action: "roll_back", ...plain, ...part };
}

function rollout(arms: Rollout["arms"], baseline = ""): Rollout {
  return {
    use_case: "support",
    environment: "production",
    version: 3,
    arms,
    baseline,
    sticky: "user",
    overrides: {},
    shadow: null,
    updated_at: "2026-11-30T10:00:00Z",
  };
}

test("a canary has the release, its steps and its guards", () => {
  const form = emptyComparison({ name: "main", release: A });
  form.arms[1] = { id: 1, release: B, name: " new ", percent: "" };
  const { kind, body } = toNewComparison({ ...form, testers: "ada new\nbo" }, 7);
  expect(kind).toBe("canary");
  expect(body).toMatchObject({ seen: 7, release: B, name: "new", sticky: "user" });
  expect(body.plan?.steps).toEqual([5, 25, 50].map((percent) => ({ percent, hold_s: 900 })));
  expect(body.plan?.guards[1]).toMatchObject({
    metric: "slow",
    limit: 3000,
    margin: 0.05,
    ratio: 1,
  });
  expect(body.overrides).toEqual({ ada: "new", bo: "candidate" });
});

test("shares have all arms, the first one as baseline, and no steps", () => {
  const form = emptyComparison({ name: "main", release: A });
  const { kind, body } = toNewComparison({ ...form, kind: "shares" }, 1);
  expect(kind).toBe("shares");
  expect(body).toMatchObject({ baseline: "main" });
  expect(body.plan?.steps).toEqual([]);
  expect("arms" in body && body.arms.map(({ percent }) => percent)).toEqual([50, 50]);
});

test("testers are read line by line", () => {
  expect(parseTesters("\n ada@example.org  warm tone \n")).toEqual({
    "ada@example.org": "warm tone",
  });
});

test("bounds and means are written as people know the metric", () => {
  expect(boundText(guard({ margin: 0.02 }))).toBe("baseline + 2%");
  expect(boundText(guard({ ratio: 0, margin: 0.05 }))).toBe("at most 5%");
  expect(boundText(guard({ ratio: 1.5 }))).toBe("1.5 × baseline");
  expect(boundText(guard({ metric: "score", score: "x", margin: 0.05 }))).toBe("baseline − 0.05");
  expect(boundText(guard({ metric: "score", score: "x", ratio: 0, margin: 0.2 }))).toBe(
    "at least 0.80",
  );
  expect(boundText(guard({ metric: "cost", limit: 0.01, margin: 0.05 }))).toBe(
    "baseline + $0.000500",
  );
  const tally = { size: 100, total: 12, squares: 12 };
  expect(meanText(guard({}), tally)).toBe("12%");
  expect(meanText(guard({ metric: "score", score: "x" }), tally)).toBe("0.880");
  expect(meanText(guard({ metric: "cost", limit: 0.01 }), tally)).toBe("$0.00120");
  expect(meanText(guard({}), { size: 0, total: 0, squares: 0 })).toBe("–");
});

test("evidence is on its way to what is needed", () => {
  const found = { arm: "new", guard: "errors", enough: true, beyond: 1, within: 1 };
  const tallies = {
    candidate: { size: 1, total: 0, squares: 0 },
    baseline: { size: 1, total: 0, squares: 0 },
  };
  const needed = { beyond: 20, within: 20 };
  const state = (part: object) => guardState({ ...found, ...tallies, ...part }, needed).name;
  expect(state({ enough: false, beyond: 99 })).toBe("too few units");
  expect(state({ beyond: 20 })).toBe("beyond its bound");
  expect(state({ within: 20 })).toBe("within its bound");
  expect(state({})).toBe("not shown yet");
  expect([progress(0.4, 20), progress(20, 20), progress(1e9, 20)]).toEqual([0, 1, 1]);
  expect(progress(Math.sqrt(20), 20)).toBeCloseTo(0.5);
});

test("a change that a rule made is one entry with its decision", () => {
  const change = {
    version: 4,
    message: "Good.",
    changed_at: "2026-11-30T10:00:00.100Z",
  } as RolloutChange;
  const other = { version: 3, message: "", changed_at: "2026-11-30T09:00:00Z" } as RolloutChange;
  const made = { reason: "Good.", decided_at: "2026-11-30T10:00:00.000Z" } as Decision;
  const paused = { reason: "Lost.", decided_at: "2026-11-30T09:30:00Z" } as Decision;
  const entries = logOf([change, other], [made, paused]);
  expect(entries).toEqual([
    { at: change.changed_at, change, decision: made },
    { at: paused.decided_at, decision: paused },
    { at: other.changed_at, change: other },
  ]);
});

test("the baseline comes first, and shares sum to one", () => {
  const arms = [
    { name: "new", release: B, weight: 1000 },
    { name: "main", release: A, weight: 9000 },
  ];
  const shares = armShares(rollout(arms, "main"));
  expect(shares.map(({ name, share, isBaseline }) => [name, share, isBaseline])).toEqual([
    ["main", 0.9, true],
    ["new", 0.1, false],
  ]);
});

test("calls are apart by arm while several answer, else by release", () => {
  const [one, two] = [
    { name: "main", release: A, weight: 1 },
    { name: "new", release: B, weight: 1 },
  ];
  const apart = slicesOf(rollout([one, two], "main"), [], { range: "1h" });
  expect(apart.map(({ filter }) => filter.arm)).toEqual([["main"], ["new"]]);
  const history = [{ arms: [two] }, { arms: [one] }] as RolloutChange[];
  const alone = slicesOf(rollout([one]), history, { range: "1h" });
  expect(alone.map(({ filter }) => filter.release)).toEqual([[A], [B]]);
  expect(alone[0]?.filter.arm).toBeUndefined();
});

test("the range contains the beginning", () => {
  const now = Date.parse("2026-11-30T12:00:00Z");
  expect(presetSince("2026-11-30T11:50:00Z", now)).toBe("15m");
  expect(presetSince("2026-11-30T10:50:00Z", now)).toBe("6h");
  expect(presetSince("2020-01-01T00:00:00Z", now)).toBe("30d");
});
