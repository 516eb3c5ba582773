import { expect, test } from "vitest";

import type { QueueRule } from "@/features/annotation/rules/queries";
import { EMPTY_RULE, formForRule, ruleText, toRule } from "@/features/annotation/rules/ruleForm";

const RULE: QueueRule = {
  dataset: "",
  queue: "",
  online: "quality",
  runs: false,
  split: "",
  share: 0.25,
  choose: "low",
  metrics: ["toxicity", "long"],
  at_most: 0.7,
  suggest: "toxicity",
  daily_cap: 40,
  paused: false,
  added_today: 3,
  added: 12,
  error: "",
  last_run_at: null,
  next_run_at: null,
};

test("what a form shows of a rule is what it saves", () => {
  expect(toRule(formForRule(RULE))).toEqual({
    dataset: "",
    queue: "",
    online: "quality",
    runs: false,
    split: "",
    share: 0.25,
    choose: "low",
    metrics: ["toxicity", "long"],
    at_most: 0.7,
    suggest: "toxicity",
    daily_cap: 40,
  });
  const runs = { ...RULE, online: "", dataset: "faq", runs: true };
  expect(toRule(formForRule(runs))).toMatchObject({ dataset: "faq", runs: true, online: "" });
  const queue = { ...RULE, online: "", queue: "other", choose: "all" as const };
  expect(formForRule(queue)).toMatchObject({ follows: "queue", source: "other" });
});

test("fields that are not shown are not saved", () => {
  const form = { ...formForRule(RULE), follows: "dataset" as const, source: "faq", split: "test" };
  expect(toRule(form)).toEqual({
    ...toRule({ ...EMPTY_RULE, source: "faq", split: "test", share: "25", daily_cap: "40" }),
  });
  expect(toRule({ ...form, follows: "online" }).split).toBe("");
  expect(toRule({ ...form, follows: "runs", choose: "all" }).metrics).toEqual([]);
});

test("the text of a rule says what it takes", () => {
  expect(ruleText(RULE)).toBe(
    "calls that the online evaluation quality measures, where toxicity or long is low (limit 0.7)",
  );
  const of = (part: Partial<QueueRule>) =>
    ruleText({ ...RULE, online: "", choose: "all", ...part });
  expect(of({ dataset: "faq", split: "test" })).toBe("new items of the dataset faq, split test");
  expect(of({ dataset: "faq", runs: true, choose: "disagreement" })).toBe(
    "results of new runs of faq, where toxicity and long differ",
  );
  expect(of({ queue: "other" })).toBe("items of the queue other on which annotators differ");
});
