import { expect, test } from "vitest";

import type { Schedule } from "@/features/evaluations/schedules/queries";
import {
  EMPTY_SCHEDULE,
  formForSchedule,
  keptOf,
  toSchedule,
} from "@/features/evaluations/schedules/scheduleForm";
import { cronText, startTexts, targetText } from "@/features/evaluations/schedules/words";

const TARGET = {
  release: "",
  model: "small",
  prompt: "greet",
  prompt_version: "staging",
  use_case: "",
  environment: "",
  output_field: "",
  triggering_release: false,
  parameters: { temperature: 0 },
};

const SCHEDULE: Schedule = {
  name: "nightly",
  revision: "ab".repeat(32),
  state: "waiting",
  error: "",
  enabled: false,
  target: TARGET,
  cron: "0 6 * * 1-5",
  time_zone: "Europe/Berlin",
  triggers: [{ event: "prompt_label", name: "greet", label: "staging" }],
  next_at: null,
  last: null,
  run_id: "",
  run_state: null,
  budget_usd: 5,
  budget_period: "day",
  spent_usd: 0,
  keep_runs: 30,
  dataset: "faq",
  version: 3,
  evaluators: [{ kind: "length", name: "short", options: { most: 400 } }],
  key_id: "key_1",
  split: "test",
  repeats: 2,
  concurrency: 4,
  cost_cap_usd: 0.5,
  label: "night",
  baseline_run: "evr_1",
  user: { model: "m", instructions: "Ask.", field: "", max_turns: 3, stop: "END" },
  author: "ada@example.org",
  created_at: "2026-11-30T05:00:00Z",
  updated_at: "2026-11-30T05:00:00Z",
};

const KINDS = [
  {
    kind: "length",
    summary: "Length",
    options: { properties: { most: { type: "integer" } } },
  },
] as unknown as Parameters<typeof formForSchedule>[1];

test("a schedule that is edited and saved keeps everything, also what the form does not show", () => {
  const saved = toSchedule(formForSchedule(SCHEDULE, KINDS), KINDS, keptOf(SCHEDULE));
  expect(SCHEDULE).toMatchObject(saved);
  const left = Object.keys(SCHEDULE).filter((member) => !(member in saved));
  const progress = ["state", "error", "next_at", "last", "run_id", "run_state", "spent_usd"];
  expect(left.sort()).toEqual(["name", "author", "created_at", "updated_at", ...progress].sort());
});

test("only the members of the chosen target are sent", () => {
  const form = {
    ...EMPTY_SCHEDULE,
    release: "ab",
    model: "m",
    use_case: "faq",
    environment: "dev",
  };
  const sent = (target: typeof form.target) =>
    Object.entries(
      toSchedule({ ...form, target }, [], { enabled: true, user: null, revision: "" }).target,
    )
      .filter(([, value]) => value)
      .map(([name]) => name);
  expect(sent("use_case")).toEqual(["use_case", "environment"]);
  expect(sent("release")).toEqual(["release"]);
  expect(sent("model")).toEqual(["model"]);
  expect(sent("triggering")).toEqual(["triggering_release"]);
});

test("common cron expressions are shown as days and hours, others as they are", () => {
  expect(cronText("0 6 * * 1-5")).toBe("weekdays at 06:00");
  expect(cronText("30 22 * * *")).toBe("each day at 22:30");
  expect(cronText("5 * * * *")).toBe("each hour at :05");
  expect(cronText("0 6 * * 0,3")).toBe("Sundays, Wednesdays at 06:00");
  for (const cron of ["0 6 1 * *", "*/10 * * * *", "0 6,18 * * *", "", "0 6 * * mon", "0 * * * 1"])
    expect(cronText(cron)).toBe(cron);
});

test("a schedule says what starts it and what it measures", () => {
  expect(startTexts(SCHEDULE)).toEqual([
    "weekdays at 06:00 (Europe/Berlin)",
    "label staging of greet moves",
  ]);
  expect(targetText(TARGET)).toBe("small with greet@staging");
  expect(targetText({ ...TARGET, prompt: "" })).toBe("small");
  expect(targetText({ ...TARGET, use_case: "support", environment: "dev" })).toBe("support in dev");
});
