import type { NewOnline, OnlineEvaluation } from "@/features/evaluations/online/queries";
import {
  fromEvaluators,
  toEvaluators,
  type ChosenEvaluator,
  type EvaluatorKind,
} from "@/features/evaluations/runForm";
import type { ConditionForm } from "@/shared/calls/conditions";
import { filterOfSelection, selectionForm, selectionOf } from "@/shared/calls/selection";
import { FORECAST_DAYS } from "@/shared/calls/MatchingCalls";
import type { CallFilter } from "@/shared/calls/search";

/** An online evaluation while it is entered. `share` is in percent. */
export interface OnlineForm {
  name: string;
  filter: readonly ConditionForm[];
  text: string;
  share: string;
  delay_s: string;
  daily_calls: string;
  evaluators: readonly ChosenEvaluator[];
  budget_usd: string;
  budget_period: NewOnline["budget_period"];
  key_id: string;
  context_variable: string;
}

export const EMPTY_ONLINE: OnlineForm = {
  name: "",
  filter: [],
  text: "",
  share: "5",
  delay_s: "60",
  daily_calls: "1000",
  evaluators: [],
  budget_usd: "0",
  budget_period: "day",
  key_id: "",
  context_variable: "",
};

/** The form of an online evaluation that there is. */
export function formForOnline(
  found: OnlineEvaluation,
  kinds: readonly EvaluatorKind[],
): OnlineForm {
  const { filter, share, delay_s, daily_calls, budget_usd } = found;
  return {
    name: found.name,
    filter: selectionForm({ only: filter.only ?? {}, tags: filter.tags ?? {} }),
    text: filter.text,
    share: String(+(share * 100).toPrecision(6)),
    delay_s: String(delay_s),
    daily_calls: String(daily_calls),
    evaluators: fromEvaluators(found.evaluators, kinds),
    budget_usd: String(budget_usd),
    budget_period: found.budget_period,
    key_id: found.key_id,
    context_variable: found.context_variable,
  };
}

/** What a form says, as the API takes it. `version`: the one that it began with, 0 for none. */
export function toOnline(
  form: OnlineForm,
  kinds: readonly EvaluatorKind[],
  { enabled, version }: Pick<OnlineEvaluation, "enabled" | "version">,
): NewOnline {
  return {
    filter: { ...selectionOf(form.filter), text: form.text.trim() },
    evaluators: toEvaluators(form.evaluators, kinds),
    share: Number(form.share) / 100,
    delay_s: Number(form.delay_s),
    daily_calls: Number(form.daily_calls),
    budget_usd: Number(form.budget_usd),
    budget_period: form.budget_period,
    key_id: form.key_id,
    context_variable: form.context_variable.trim(),
    enabled,
    version,
  };
}

/** The filter of lists of calls that finds what a form selects. */
export function forecastFilter({ filter, text }: OnlineForm): CallFilter {
  const calls = filterOfSelection(selectionOf(filter), text.trim());
  return {
    operation: ["chat", "text_completion"],
    ...calls,
    status: ["ok"],
  };
}

/** The calls of a day that a rule draws: a share of the matching ones, up to its cap. */
export function drawnDaily(matching: number, share: string, cap: string) {
  const wanted = (matching / FORECAST_DAYS) * (Number(share) / 100);
  const most = Number(cap);
  return { wanted, drawn: Math.min(wanted, most), capped: wanted > most };
}
