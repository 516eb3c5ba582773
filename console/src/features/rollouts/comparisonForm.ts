import type { Guard, NewComparison } from "@/features/rollouts/queries";

export interface ArmForm {
  id: number;
  /** The hash of the release. */
  release: string;
  name: string;
  percent: string;
}

export interface GuardForm {
  id: number;
  metric: Guard["metric"];
  /** Percent of the baseline; 0: the margin is a bound of its own. */
  ratio: string;
  /** In percentage points; of a score in hundredths. */
  margin: string;
  /** Milliseconds, or USD. */
  limit: string;
  score: string;
  action: NonNullable<Guard["action"]>;
}

/** The values of the form of a comparison: a canary by steps, or fixed shares. */
export interface ComparisonForm {
  kind: "canary" | "shares";
  arms: ArmForm[];
  /** Percents, separated by commas. */
  steps: string;
  hold_minutes: string;
  sticky: "request" | "user" | "session";
  guards: GuardForm[];
  minimum: string;
  /** A tester and an arm in each line: `ada@example.org candidate`. */
  testers: string;
  message: string;
}

/** The API's parameters of the fields that have another name there. */
export const COMPARISON_PARAMS = {
  steps: "plan.steps",
  guards: "plan",
  testers: "overrides",
};

export const CANDIDATE = "candidate";

/** A form with the release that answers now as the baseline. */
export function emptyComparison(baseline: { name: string; release: string }): ComparisonForm {
  return {
    kind: "canary",
    arms: [
      { id: 0, release: baseline.release, name: baseline.name, percent: "50" },
      { id: 1, release: "", name: CANDIDATE, percent: "50" },
    ],
    steps: "5, 25, 50",
    hold_minutes: "15",
    sticky: "user",
    guards: [guardForm(0, "errors", "1"), { ...guardForm(1, "slow", "5"), limit: "3000" }],
    minimum: "100",
    testers: "",
    message: "",
  };
}

export function guardForm(id: number, metric: Guard["metric"], margin: string): GuardForm {
  return { id, metric, ratio: "100", margin, limit: "", score: "", action: "roll_back" };
}

/** The request of a form. `seen`: the version of the rollout that the user saw. */
export function toNewComparison(form: ComparisonForm, seen: number): NewComparison {
  const [baseline, candidate] = form.arms;
  const common = {
    seen,
    message: form.message,
    sticky: form.sticky,
    overrides: parseTesters(form.testers),
  };
  const guards = form.guards.map((guard) => guardOf(guard, Number(form.minimum)));
  if (form.kind === "canary") {
    const hold_s = Math.round(Number(form.hold_minutes) * 60);
    const steps = form.steps
      .split(/[\s,]+/)
      .filter(Boolean)
      .map((percent) => ({ percent: Number(percent), hold_s }));
    const body = {
      ...common,
      release: candidate?.release ?? "",
      name: candidate?.name.trim() ?? "",
    };
    return { kind: "canary", body: { ...body, plan: { ...PLAN, guards, steps } } };
  }
  const arms = form.arms.map(({ release, name, percent }) => ({
    release,
    name: name.trim(),
    percent: Number(percent),
  }));
  const body = { ...common, arms, baseline: baseline?.name.trim() ?? "" };
  return { kind: "shares", body: { ...body, plan: { ...PLAN, guards, steps: [] } } };
}

/** The defaults of the server. */
const PLAN = {
  wrong_rollbacks: 0.05,
  wrong_promotions: 0.05,
  wrong_alarms: 0.001,
  period_s: 60,
  rule: "always_valid",
};

function guardOf(form: GuardForm, minimum: number): Guard {
  const { metric, score, action } = form;
  return {
    metric,
    action,
    minimum,
    ratio: Number(form.ratio) / 100,
    margin: Number(form.margin) / 100,
    limit: metric === "slow" || metric === "cost" ? Number(form.limit) : 0,
    score: metric === "score" ? score.trim() : "",
  };
}

/** The arms of testers by unit. A line without an arm is for the candidate. */
export function parseTesters(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.trim());
  return Object.fromEntries(
    lines.map((line) => {
      const [unit = "", ...arm] = line.trim().split(/\s+/);
      return [unit, arm.join(" ") || CANDIDATE];
    }),
  );
}
