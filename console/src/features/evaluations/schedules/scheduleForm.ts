import { fromEvaluators, toEvaluators, type EvaluatorKind } from "@/features/evaluations/runForm";
import type { RunForm } from "@/features/evaluations/runForm";
import type {
  NewSchedule,
  Schedule,
  ScheduledTarget,
  ScheduleTrigger,
} from "@/features/evaluations/schedules/queries";

export type ScheduledTargetKind = "use_case" | "model" | "release" | "triggering" | "recorded";

/** A trigger while it is entered. */
export interface TriggerForm extends ScheduleTrigger {
  key: number;
}

/** A schedule while it is entered. */
export interface ScheduleForm extends Omit<RunForm, "target"> {
  name: string;
  target: ScheduledTargetKind;
  /** A number, a label or `latest`; empty: `production`, or else the latest. */
  prompt_version: string;
  use_case: string;
  environment: string;
  cron: string;
  time_zone: string;
  triggers: readonly TriggerForm[];
  budget_usd: string;
  budget_period: NewSchedule["budget_period"];
  keep_runs: string;
}

/** What a schedule has that the form does not show. `revision`: of the one that is edited. */
export type Kept = Pick<NewSchedule, "enabled" | "user" | "revision"> &
  Pick<ScheduledTarget, "parameters">;

export const EMPTY_SCHEDULE: ScheduleForm = {
  name: "",
  dataset: "",
  version: "",
  split: "",
  target: "use_case",
  release: "",
  model: "",
  prompt: "",
  prompt_version: "",
  use_case: "",
  environment: "",
  output_field: "",
  evaluators: [],
  cron: "",
  time_zone: "UTC",
  triggers: [],
  key_id: "",
  repeats: "1",
  concurrency: "8",
  cost_cap_usd: "1",
  budget_usd: "20",
  budget_period: "month",
  keep_runs: "200",
  label: "",
  baseline_run: "",
};

/** The form of a schedule that there is. */
export function formForSchedule(found: Schedule, kinds: readonly EvaluatorKind[]): ScheduleForm {
  const { target, version } = found;
  const { name, dataset, split, cron, time_zone, key_id, label, baseline_run } = found;
  const { release, model, prompt, prompt_version, use_case, environment, output_field } = target;
  return {
    ...{ name, dataset, split, cron, time_zone, key_id, label, baseline_run },
    ...{ release, model, prompt, prompt_version, use_case, environment, output_field },
    target: kindOf(target),
    version: version === null ? "" : String(version),
    evaluators: fromEvaluators(found.evaluators, kinds),
    triggers: found.triggers.map((trigger, key) => ({ ...trigger, key })),
    repeats: String(found.repeats),
    concurrency: String(found.concurrency),
    cost_cap_usd: String(found.cost_cap_usd),
    budget_usd: String(found.budget_usd),
    budget_period: found.budget_period,
    keep_runs: String(found.keep_runs),
  };
}

function kindOf(target: ScheduledTarget): ScheduledTargetKind {
  if (target.triggering_release) return "triggering";
  if (target.use_case) return "use_case";
  if (target.model) return "model";
  return target.release ? "release" : "recorded";
}

/** What a schedule has that the form does not show, and that stays as it is. */
export function keptOf({ enabled, user, revision, target }: Schedule): Kept {
  return { enabled, user, revision, ...(target.parameters && { parameters: target.parameters }) };
}

/** The schedule that a form says. */
export function toSchedule(
  form: ScheduleForm,
  kinds: readonly EvaluatorKind[],
  { parameters, ...kept }: Kept,
): NewSchedule {
  const { dataset, version, split, cron, time_zone, key_id, label, baseline_run } = form;
  return {
    ...{ dataset, split, cron, time_zone, key_id, label, baseline_run, ...kept },
    version: version ? Number(version) : null,
    target: { ...targetOf(form), ...(form.target === "model" && parameters && { parameters }) },
    evaluators: toEvaluators(form.evaluators, kinds),
    triggers: form.triggers.map(({ event, name, label: moved }) => ({
      event,
      name,
      label: event === "prompt_label" ? moved : "",
    })),
    repeats: Number(form.repeats),
    concurrency: Number(form.concurrency),
    cost_cap_usd: Number(form.cost_cap_usd),
    budget_usd: Number(form.budget_usd),
    budget_period: form.budget_period,
    keep_runs: Number(form.keep_runs),
  };
}

const NO_TARGET: ScheduledTarget = {
  release: "",
  model: "",
  prompt: "",
  prompt_version: "",
  use_case: "",
  environment: "",
  output_field: "",
  triggering_release: false,
};

function targetOf(form: ScheduleForm): ScheduledTarget {
  const { release, model, prompt, prompt_version, use_case, environment, output_field } = form;
  switch (form.target) {
    case "use_case":
      return { ...NO_TARGET, use_case, environment };
    case "release":
      return { ...NO_TARGET, release };
    case "triggering":
      return { ...NO_TARGET, triggering_release: true };
    case "recorded":
      return { ...NO_TARGET, output_field };
    case "model":
      return { ...NO_TARGET, model, prompt, prompt_version: prompt && prompt_version };
  }
}

/** One more trigger: a new version of the dataset. */
export function addTrigger(triggers: readonly TriggerForm[]): TriggerForm[] {
  const key = Math.max(0, ...triggers.map((each) => each.key)) + 1;
  return [...triggers, { key, event: "dataset_version", name: "", label: "" }];
}
