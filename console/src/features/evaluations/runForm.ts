import type { Schemas } from "@/shared/api/client";
import {
  enteredDefaults,
  enteredOf,
  optionsOf,
  type Entered,
  type OptionsSchema,
} from "@/shared/forms/schema";

export type NewRun = Schemas["EvaluationBody"];
export type EvaluatorKind = Schemas["EvaluatorView"];
export type TargetKind = "release" | "model" | "recorded";

export const TARGET_KINDS = [
  { value: "release", name: "Release" },
  { value: "model", name: "Model" },
  { value: "recorded", name: "Recorded outputs" },
] as const;

/** An evaluator of the run with what was entered for it. */
export interface ChosenEvaluator {
  key: number;
  kind: string;
  name: string;
  entered: Entered;
}

export interface RunForm {
  dataset: string;
  /** Empty: the newest one. */
  version: string;
  split: string;
  target: TargetKind;
  release: string;
  model: string;
  /** The hash of a version of a prompt; empty: none. */
  prompt: string;
  output_field: string;
  evaluators: readonly ChosenEvaluator[];
  key_id: string;
  repeats: string;
  concurrency: string;
  cost_cap_usd: string;
  label: string;
  baseline_run: string;
}

export const EMPTY_RUN: RunForm = {
  dataset: "",
  version: "",
  split: "",
  target: "release",
  release: "",
  model: "",
  prompt: "",
  output_field: "",
  evaluators: [],
  key_id: "",
  repeats: "1",
  concurrency: "8",
  cost_cap_usd: "1",
  label: "",
  baseline_run: "",
};

export function chosenEvaluator(kind: EvaluatorKind, key: number): ChosenEvaluator {
  return { key, kind: kind.kind, name: "", entered: enteredDefaults(schemaOf(kind)) };
}

/** The evaluators of a form as the API takes them. */
export function toEvaluators(
  chosen: readonly ChosenEvaluator[],
  kinds: readonly EvaluatorKind[],
): Schemas["EvaluatorBody"][] {
  return chosen.map(({ kind, name, entered }) => ({
    kind,
    name,
    options: optionsOf(schemaOf(kinds.find((each) => each.kind === kind)), entered),
  }));
}

/** Evaluators that are in use as a form shows them. */
export function fromEvaluators(
  used: readonly Schemas["EvaluatorChoiceView"][],
  kinds: readonly EvaluatorKind[],
): ChosenEvaluator[] {
  return used.map(({ kind, name, options }, key) => ({
    key,
    kind,
    name: name === kind ? "" : name,
    entered: enteredOf(schemaOf(kinds.find((each) => each.kind === kind)), options),
  }));
}

export function schemaOf(kind: EvaluatorKind | undefined): OptionsSchema {
  return kind?.options ?? {};
}

/** The run that a form says. */
export function toNewRun(form: RunForm, kinds: readonly EvaluatorKind[]): NewRun {
  const { dataset, version, split, key_id, label, baseline_run } = form;
  return {
    dataset,
    ...(version && { version: Number(version) }),
    split,
    key_id,
    label,
    baseline_run,
    target: targetOf(form),
    evaluators: toEvaluators(form.evaluators, kinds),
    repeats: Number(form.repeats),
    concurrency: Number(form.concurrency),
    cost_cap_usd: Number(form.cost_cap_usd),
  };
}

function targetOf({ target, release, model, prompt, output_field }: RunForm): NewRun["target"] {
  const none = { model: "", output_field: "" };
  if (target === "release") return { ...none, release };
  if (target === "recorded") return { ...none, output_field };
  return { ...none, model, ...(prompt && { prompt }) };
}

/** Standard normal quantiles of the level 0.95 and the power 0.8, together. */
const QUANTILES = 1.959964 + 0.841621;

/** The least difference of a pass rate that a comparison of so many items sees with a probability of
 * 80 %, if a share of them changes between pass and fail. */
export function visibleDifference(items: number, share: number): number {
  return items > 0 ? QUANTILES * Math.sqrt(share / items) : 1;
}
