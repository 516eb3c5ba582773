import type {
  Schedule,
  ScheduledTarget,
  ScheduleStart,
  ScheduleTrigger,
  TriggerEvent,
} from "@/features/evaluations/schedules/queries";
import { shortHash } from "@/shared/releases/arms";
import type { Tone } from "@/shared/ui/Badge";

const STATES: Record<Schedule["state"], Tone> = {
  waiting: "ok",
  running: "accent",
  failing: "danger",
  paused: "neutral",
};

export function scheduleTone({ state }: Schedule): Tone {
  return STATES[state];
}

const OUTCOMES: Record<ScheduleStart["outcome"], Tone> = {
  started: "ok",
  skipped: "warn",
  failed: "danger",
};

export function outcomeTone({ outcome }: ScheduleStart): Tone {
  return OUTCOMES[outcome];
}

/** The changes that start runs, by the words of the form. */
export const TRIGGER_EVENTS: readonly { value: TriggerEvent; name: string }[] = [
  { value: "prompt_version", name: "New version of a prompt" },
  { value: "prompt_label", name: "A prompt's label moves" },
  { value: "release", name: "New release" },
  { value: "dataset_version", name: "New version of a dataset" },
];

/** What a schedule waits for: its times and its changes, one text for each. */
export function startTexts({ cron, time_zone, triggers }: Schedule): string[] {
  const times = cron ? [`${cronText(cron)} (${time_zone})`] : [];
  return [...times, ...triggers.map(triggerText)];
}

function triggerText({ event, name, label }: ScheduleTrigger): string {
  switch (event) {
    case "prompt_version":
      return `new version of ${name || "any prompt"}`;
    case "prompt_label":
      return `${label ? `label ${label}` : "a label"} of ${name || "any prompt"} moves`;
    case "release":
      return name ? `new release of ${name}` : "any new release";
    case "dataset_version":
      return `new version of ${name || "the dataset"}`;
  }
}

/** The target of a schedule, which is found at each start. */
export function targetText(target: ScheduledTarget): string {
  if (target.triggering_release) return "the release that starts the run";
  if (target.use_case) return `${target.use_case} in ${target.environment}`;
  if (target.release) return `release ${shortHash(target.release)}`;
  if (target.output_field) return `outputs recorded in ${target.output_field}`;
  const version = target.prompt_version && `@${target.prompt_version}`;
  return target.prompt ? `${target.model} with ${target.prompt}${version}` : target.model;
}

const DAYS = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];

/** The days and hours of a common cron expression: `weekdays at 06:00`; others as they are. */
export function cronText(cron: string): string {
  const [minute = "", hour = "", day, month, weekday = ""] = cron.trim().split(/\s+/);
  const days = daysText(weekday);
  if (day !== "*" || month !== "*" || !days || !isNumber(minute)) return cron;
  if (isNumber(hour)) return `${days} at ${two(hour)}:${two(minute)}`;
  return hour === "*" && weekday === "*" ? `each hour at :${two(minute)}` : cron;
}

function daysText(weekday: string): string {
  if (weekday === "*") return "each day";
  if (weekday === "1-5") return "weekdays";
  const named = weekday.split(",").map((each) => (isNumber(each) ? DAYS[Number(each) % 7] : ""));
  return named.every(Boolean) ? named.join(", ") : "";
}

function isNumber(text: string): boolean {
  return /^\d{1,2}$/.test(text);
}

function two(number: string): string {
  return number.padStart(2, "0");
}
