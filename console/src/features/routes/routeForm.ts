import { conditionText, readCondition } from "@/features/routes/conditions";
import type { NewRoute, RouteChange } from "@/features/routes/queries";
import type { Cause } from "@/features/routes/strategies";
import type { Route } from "@/shared/calls/routes";

/** A target in the form; `model` is `provider/model`, `id` is unique in the form. */
export interface TargetForm {
  id: number;
  model: string;
  weight: string;
  priority: number;
  after: Cause[];
  /** The calls that it is for, as a text; empty: all calls. */
  when: string;
}

/** The values of the form of a route. Time limits are in seconds, empty for none. */
export interface RouteForm {
  name: string;
  targets: TargetForm[];
  strategy: string;
  max_attempts: string;
  first_token_timeout: string;
  total_timeout: string;
  health_check: "" | "models" | "call";
  health_check_s: string;
  hedge_percent: string;
  hedge_after: string;
  /** `provider/model`; empty: none. */
  shadow: string;
  shadow_percent: string;
  /** At once, in each worker. The form keeps it. */
  shadow_calls: number;
  cache_s: string;
}

/** The API's parameters of the fields that have another name there. */
export const ROUTE_PARAMS = {
  first_token_timeout: "first_token_timeout_ms",
  total_timeout: "total_timeout_ms",
  hedge_after: "hedge_after_ms",
};

export const EMPTY_ROUTE: RouteForm = {
  name: "",
  targets: [{ id: 0, model: "", weight: "1", priority: 0, after: [], when: "" }],
  strategy: "weighted",
  max_attempts: "3",
  first_token_timeout: "",
  total_timeout: "",
  health_check: "",
  health_check_s: "30",
  hedge_percent: "",
  hedge_after: "",
  shadow: "",
  shadow_percent: "",
  shadow_calls: 4,
  cache_s: "",
};

export function formForRoute(route: Route): RouteForm {
  return {
    name: route.name,
    targets: route.targets.map((target, id) => ({
      id,
      model: `${target.provider}/${target.model}`,
      weight: String(target.weight),
      priority: target.priority,
      after: target.after as Cause[],
      when: conditionText(target.when),
    })),
    strategy: route.strategy,
    max_attempts: String(route.max_attempts),
    first_token_timeout: toSeconds(route.first_token_timeout_ms),
    total_timeout: toSeconds(route.total_timeout_ms),
    health_check: route.health_check as RouteForm["health_check"],
    health_check_s: String(route.health_check_s),
    hedge_percent: route.hedge_percent === 0 ? "" : String(route.hedge_percent),
    hedge_after: toSeconds(route.hedge_after_ms),
    shadow: route.shadow ? `${route.shadow.provider}/${route.shadow.model}` : "",
    shadow_percent: route.shadow ? String(route.shadow.percent) : "",
    shadow_calls: route.shadow?.max_calls ?? 4,
    cache_s: route.cache_s === 0 ? "" : String(route.cache_s),
  };
}

export function toNewRoute(form: RouteForm): NewRoute {
  return { name: form.name.trim(), ...toBody(form) };
}

/** A change of the version that the form was filled from. */
export function toRouteChange(form: RouteForm, version: number): RouteChange {
  return { ...toBody(form), version };
}

/** Priorities become 0, 1, 2 …, so that no number grows by repeated edits. */
function toBody(form: RouteForm): Omit<NewRoute, "name"> {
  const priorities = [...new Set(form.targets.map(({ priority }) => priority))];
  priorities.sort((one, other) => one - other);
  return {
    targets: form.targets.map(({ model, weight, priority, after, when }) => ({
      ...splitModel(model),
      weight: Number(weight),
      priority: priorities.indexOf(priority),
      after,
      when: readCondition(when),
    })),
    strategy: form.strategy,
    max_attempts: Number(form.max_attempts),
    first_token_timeout_ms: toMilliseconds(form.first_token_timeout),
    total_timeout_ms: toMilliseconds(form.total_timeout),
    health_check: form.health_check,
    health_check_s: Number(form.health_check_s),
    hedge_percent: Number(form.hedge_percent),
    hedge_after_ms: toMilliseconds(form.hedge_after),
    shadow: toShadow(form),
    cache_s: Number(form.cache_s),
  };
}

function toShadow({ shadow, shadow_percent, shadow_calls }: RouteForm): NewRoute["shadow"] {
  if (shadow.trim() === "") return null;
  const percent = shadow_percent === "" ? 1 : Number(shadow_percent);
  return { ...splitModel(shadow), percent, max_calls: shadow_calls };
}

/** Splits `provider/model` at the first slash: names of models may contain slashes. */
export function splitModel(text: string): { provider: string; model: string } {
  const [provider = "", ...model] = text.trim().split("/");
  return { provider, model: model.join("/") };
}

/** Adds a target of this priority, for any failure or for the given causes. */
export function addTarget(
  targets: readonly TargetForm[],
  priority: number,
  after: Cause[] = [],
): TargetForm[] {
  const id = Math.max(-1, ...targets.map((target) => target.id)) + 1;
  return [...targets, { id, model: "", weight: "1", priority, after, when: "" }];
}

/** The priority after all others. */
export function nextPriority(targets: readonly TargetForm[]): number {
  return Math.max(-1, ...targets.map(({ priority }) => priority)) + 1;
}

/** Exchanges the places of two priorities; targets by cause keep theirs. */
export function swapPriorities(
  targets: readonly TargetForm[],
  one: number,
  other: number,
): TargetForm[] {
  const swapped = new Map([
    [one, other],
    [other, one],
  ]);
  return targets.map((target) => ({
    ...target,
    priority:
      target.after.length > 0 ? target.priority : (swapped.get(target.priority) ?? target.priority),
  }));
}

function toSeconds(ms: number): string {
  return ms === 0 ? "" : String(ms / 1000);
}

function toMilliseconds(seconds: string): number {
  return Math.round(Number(seconds) * 1000);
}
