import type { NewQueueRule, QueueRule } from "@/features/annotation/rules/queries";
import { splitList } from "@/shared/forms/splitList";

/** What a rule follows. */
export type Follows = "dataset" | "runs" | "queue" | "online";

/** A rule while it is entered. `source`: the name of what it follows; `share` is in percent. */
export interface QueueRuleForm {
  follows: Follows;
  source: string;
  split: string;
  choose: NewQueueRule["choose"];
  metrics: string;
  at_most: string;
  suggest: string;
  share: string;
  daily_cap: string;
}

export const FOLLOWED: readonly { value: Follows; name: string }[] = [
  { value: "dataset", name: "New items of a dataset" },
  { value: "runs", name: "Results of new runs of a dataset" },
  { value: "queue", name: "Items of another queue on which annotators differ" },
  { value: "online", name: "Calls that an online evaluation measures" },
];

export const CHOICES: readonly { value: NewQueueRule["choose"]; name: string }[] = [
  { value: "all", name: "All" },
  { value: "low", name: "With a low value" },
  { value: "disagreement", name: "On which metrics differ" },
];

export const EMPTY_RULE: QueueRuleForm = {
  follows: "dataset",
  source: "",
  split: "",
  choose: "all",
  metrics: "",
  at_most: "0.5",
  suggest: "",
  share: "100",
  daily_cap: "100",
};

/** Whether what a rule follows was measured, so that metrics can choose of it. */
export function isMeasured(follows: Follows): boolean {
  return follows === "runs" || follows === "online";
}

/** The form of a rule that there is. */
export function formForRule(rule: QueueRule): QueueRuleForm {
  const { dataset, queue, online, split, choose, metrics, at_most, suggest } = rule;
  return {
    follows: followsOf(rule),
    source: dataset || queue || online,
    split,
    choose,
    metrics: metrics.join(", "),
    at_most: String(at_most),
    suggest,
    share: String(+(rule.share * 100).toPrecision(6)),
    daily_cap: String(rule.daily_cap),
  };
}

/** What a form says, as the API takes it: nothing of fields that are not shown. */
export function toRule(form: QueueRuleForm): NewQueueRule {
  const { follows, source, split, choose, metrics, at_most, suggest, share, daily_cap } = form;
  const chooses = isMeasured(follows) && choose !== "all";
  return {
    dataset: follows === "dataset" || follows === "runs" ? source : "",
    queue: follows === "queue" ? source : "",
    online: follows === "online" ? source : "",
    runs: follows === "runs",
    split: follows === "dataset" ? split : "",
    choose: chooses ? choose : "all",
    metrics: chooses ? splitList(metrics) : [],
    at_most: chooses ? Number(at_most) : 0.5,
    suggest: isMeasured(follows) ? suggest.trim() : "",
    share: Number(share) / 100,
    daily_cap: Number(daily_cap),
  };
}

function followsOf({ runs, queue, online }: QueueRule): Follows {
  if (runs) return "runs";
  if (queue) return "queue";
  return online ? "online" : "dataset";
}

/** What a rule takes, as a reader would write it: `calls that the online evaluation quality measures, where toxicity is low`. */
export function ruleText(rule: QueueRule): string {
  const { dataset, queue, online, split } = rule;
  const what: Record<Follows, string> = {
    dataset: `new items of the dataset ${dataset}${split && `, split ${split}`}`,
    runs: `results of new runs of ${dataset}`,
    queue: `items of the queue ${queue} on which annotators differ`,
    online: `calls that the online evaluation ${online} measures`,
  };
  return what[followsOf(rule)] + choiceText(rule);
}

function choiceText({ choose, metrics, at_most }: QueueRule): string {
  if (choose === "low") return `, where ${metrics.join(" or ")} is low (limit ${at_most})`;
  if (choose === "disagreement") return `, where ${metrics.join(" and ")} differ`;
  return "";
}
