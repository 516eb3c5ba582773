import type { Action, Place } from "@/features/guardrails/places";
import type { NewPolicy, Policy, PolicyChange } from "@/features/guardrails/queries";
import { conditionsForm, conditionsOf, type ConditionForm } from "@/shared/calls/conditions";

/** A check in the form; `options` is JSON, `id` is unique in the form. */
export interface CheckForm {
  id: number;
  detector: string;
  places: Place[];
  action: Action;
  on_failure: string;
  timeout_ms: string;
  options: string;
  ask_again: string;
}

export interface PolicyForm {
  name: string;
  checks: CheckForm[];
  only: ConditionForm[];
}

const NEW_CHECK: Omit<CheckForm, "id"> = {
  detector: "",
  places: ["input"],
  action: "flag",
  on_failure: "closed",
  timeout_ms: "1000",
  options: "",
  ask_again: "0",
};

export const EMPTY_POLICY: PolicyForm = {
  name: "",
  checks: [{ id: 0, ...NEW_CHECK }],
  only: [],
};

export function formForPolicy(policy: Policy): PolicyForm {
  return {
    name: policy.name,
    checks: policy.checks.map((check, id) => ({
      ...check,
      id,
      timeout_ms: String(check.timeout_ms),
      ask_again: String(check.ask_again),
      options: Object.keys(check.options).length > 0 ? JSON.stringify(check.options, null, 2) : "",
    })),
    only: conditionsForm(policy.only),
  };
}

export function toNewPolicy(form: PolicyForm): NewPolicy {
  return {
    name: form.name.trim(),
    checks: form.checks.map((check) => ({
      detector: check.detector.trim(),
      places: check.places,
      action: check.action,
      on_failure: check.on_failure === "open" ? "open" : "closed",
      timeout_ms: Number(check.timeout_ms),
      options: parseOptions(check.options) ?? {},
      ask_again: canAskAgain(check) ? Number(check.ask_again) : 0,
    })),
    only: conditionsOf(form.only),
  };
}

/** A change of the version that the form was filled from. */
export function toPolicyChange(form: PolicyForm, version: number): PolicyChange {
  return { ...toNewPolicy(form), version };
}

export function addCheck(checks: readonly CheckForm[]): CheckForm[] {
  const id = Math.max(-1, ...checks.map((check) => check.id)) + 1;
  return [...checks, { id, ...NEW_CHECK }];
}

/** Only a check that blocks output can ask the model for another answer. */
export function canAskAgain({ action, places }: Pick<CheckForm, "action" | "places">): boolean {
  return action === "block" && places.includes("output");
}

/** The options of a check from JSON; `null` if it is no object. */
export function parseOptions(text: string): NewPolicy["checks"][number]["options"] | null {
  if (!text.trim()) return {};
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found !== "object" || found === null || Array.isArray(found)) return null;
    return found as NonNullable<NewPolicy["checks"][number]["options"]>;
  } catch {
    return null;
  }
}
