import { expect, test } from "vitest";

import {
  drawnDaily,
  EMPTY_ONLINE,
  forecastFilter,
  formForOnline,
  toOnline,
} from "@/features/evaluations/online/onlineForm";
import type { OnlineEvaluation } from "@/features/evaluations/online/queries";
import type { EvaluatorKind } from "@/features/evaluations/runForm";

const KINDS = [
  {
    kind: "length",
    summary: "",
    source: "",
    options: { properties: { most: { type: "integer", default: 10 }, unit: { type: "string" } } },
  },
] as EvaluatorKind[];

test("what a form shows of an online evaluation is what it saves", () => {
  const body = {
    filter: { only: { team: ["a", "b"] }, tags: { plan: ["gold"] }, text: "refund" },
    evaluators: [{ kind: "length", name: "short", options: { most: 40 } }],
    share: 0.0025,
    delay_s: 90,
    daily_calls: 7,
    budget_usd: 1.5,
    budget_period: "month" as const,
    key_id: "k",
    context_variable: "passages",
  };
  const state = { enabled: false, version: 3 };
  const found = { ...body, ...state, name: "live" } as unknown as OnlineEvaluation;
  const form = formForOnline(found, KINDS);
  expect(form.share).toBe("0.25");
  expect(toOnline(form, KINDS, found)).toEqual({ ...body, ...state });
  expect(forecastFilter(form)).toEqual({
    operation: ["chat", "text_completion"],
    status: ["ok"],
    team: ["a", "b"],
    tag: ["plan:gold"],
    q: "refund",
  });
});

test("a day draws a share of the matching calls up to the cap", () => {
  expect(drawnDaily(7000, "5", "1000")).toEqual({ wanted: 50, drawn: 50, capped: false });
  expect(drawnDaily(7000, "50", "100")).toEqual({ wanted: 500, drawn: 100, capped: true });
  expect(forecastFilter(EMPTY_ONLINE).operation).toHaveLength(2);
});
