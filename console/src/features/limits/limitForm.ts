import { CALENDAR, type Measure } from "@/features/limits/measures";
import type { Limit, LimitChange, NewLimit } from "@/features/limits/queries";
import { conditionsForm, conditionsOf, TAG, type ConditionForm } from "@/shared/calls/conditions";

export interface LimitForm {
  name: string;
  measure: Measure;
  amount: string;
  window: string;
  time_zone: string;
  only: ConditionForm[];
  per: string[];
  /** Names of tags that it counts by, separated by commas. */
  per_tags: string;
  unpriced: string;
  unavailable: string;
  over: string;
}

/** The API's parameters of the fields that have another name there. */
export const LIMIT_PARAMS = { per_tags: "per" };

export const EMPTY_LIMIT: LimitForm = {
  name: "",
  measure: "spend",
  amount: "",
  window: "month",
  time_zone: "UTC",
  only: [],
  per: [],
  per_tags: "",
  unpriced: "reject",
  unavailable: "reject",
  over: "admit",
};

export function formForLimit(limit: Limit): LimitForm {
  return {
    name: limit.name,
    measure: limit.measure,
    amount: limit.amount,
    window: limit.window ?? "month",
    time_zone: limit.time_zone,
    only: conditionsForm(limit.only),
    per: limit.per.filter((dimension) => !dimension.startsWith(TAG)),
    per_tags: limit.per.flatMap((each) => (each.startsWith(TAG) ? [each.slice(4)] : [])).join(", "),
    unpriced: limit.unpriced,
    unavailable: limit.unavailable,
    over: limit.over,
  };
}

export function toNewLimit(form: LimitForm): NewLimit {
  const window = form.measure === "concurrency" ? null : (form.window as NewLimit["window"]);
  const isCalendar = CALENDAR.some((unit) => unit === window);
  const tags = form.per_tags.split(",").flatMap((name) => (name.trim() ? [TAG + name.trim()] : []));
  return {
    ...toLimitChange(form),
    name: form.name.trim(),
    measure: form.measure,
    amount: form.amount,
    window,
    time_zone: isCalendar ? form.time_zone.trim() : "UTC",
    per: [...form.per, ...tags],
  };
}

/** A change keeps what and when a limit counts. */
export function toLimitChange(form: LimitForm) {
  return {
    name: form.name.trim(),
    amount: form.amount,
    only: conditionsOf(form.only),
    unpriced: form.unpriced,
    unavailable: form.unavailable,
    over: form.measure === "spend" || form.measure === "tokens" ? form.over : "admit",
  } as LimitChange & Pick<NewLimit, "unpriced" | "unavailable" | "over" | "only">;
}
