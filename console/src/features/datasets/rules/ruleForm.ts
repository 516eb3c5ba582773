import type { DatasetRule, NewRule } from "@/features/datasets/queries";
import type { ConditionForm } from "@/shared/calls/conditions";
import { selectionForm, selectionOf } from "@/shared/calls/selection";

/** A rule while it is entered. `share` is in percent, times are in minutes. */
export interface RuleForm {
  filter: readonly ConditionForm[];
  text: string;
  calls: "all" | "errors" | "low" | "high";
  share: string;
  daily_cap: string;
  interval: string;
  delay: string;
  keep_output: boolean;
}

export const EMPTY_RULE: RuleForm = {
  filter: [],
  text: "",
  calls: "all",
  share: "100",
  daily_cap: "100",
  interval: "15",
  delay: "5",
  keep_output: true,
};

/** What of the matching calls a rule takes. */
export const CHOICES: readonly { value: RuleForm["calls"]; name: string }[] = [
  { value: "all", name: "All" },
  { value: "errors", name: "Failed ones" },
  { value: "low", name: "Those whose users were not content" },
  { value: "high", name: "Those whose users were content" },
];

/** The form of a rule that there is. */
export function formForRule(rule: DatasetRule): RuleForm {
  const { filter, share, daily_cap, interval_s, delay_s, keep_output } = rule;
  return {
    filter: selectionForm({ only: filter.only ?? {}, tags: filter.tags ?? {} }),
    text: filter.text,
    calls: filter.feedback ?? (filter.errors_only ? "errors" : "all"),
    share: String(+(share * 100).toPrecision(6)),
    daily_cap: String(daily_cap),
    interval: String(interval_s / 60),
    delay: String(delay_s / 60),
    keep_output,
  };
}

/** What a form says, as the API takes it. `rule`: the one that is edited, if there is one. */
export function toRule(form: RuleForm, rule?: DatasetRule): NewRule {
  const { calls, text, share, daily_cap, interval, delay, keep_output } = form;
  return {
    filter: {
      ...selectionOf(form.filter),
      text: text.trim(),
      errors_only: calls === "errors",
      ...((calls === "low" || calls === "high") && { feedback: calls }),
    },
    share: Number(share) / 100,
    daily_cap: Number(daily_cap),
    interval_s: Math.round(Number(interval) * 60),
    delay_s: Math.round(Number(delay) * 60),
    keep_output,
    enabled: rule?.enabled ?? true,
    revision: rule?.revision ?? "",
  };
}

/** The calls of a rule as a reader would write them: `failed calls · team = a`. */
export function ruleText({ filter }: DatasetRule): string {
  const { only = {}, tags = {}, text, errors_only, feedback } = filter;
  const named = [
    ...Object.entries(only),
    ...Object.entries(tags).map(([name, values]) => [`tag ${name}`, values] as const),
  ];
  const parts = named.map(([name, values]) => `${name} = ${values.join(" or ")}`);
  if (text) parts.push(`contains “${text}”`);
  if (errors_only) parts.unshift("failed calls");
  if (feedback) parts.unshift(feedback === "low" ? "users not content" : "users content");
  return parts.join(" · ") || "all calls";
}
