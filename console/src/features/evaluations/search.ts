import type { Schemas } from "@/shared/api/client";

type ResultState = Schemas["ResultState"];
type ScoreState = Schemas["ScoreState"];

export const VIEWS = [
  { value: "runs", name: "Runs" },
  { value: "targets", name: "Targets" },
  { value: "gates", name: "Gates" },
  { value: "schedules", name: "Schedules" },
  { value: "online", name: "Live traffic" },
] as const;

/** The list of runs (by words, and by dataset), of gates, schedules or online evaluations, or the
 * targets on a dataset by a metric. */
export interface EvaluationsSearch {
  view?: "gates" | "online" | "schedules" | "targets" | undefined;
  metric?: string | undefined;
  q?: string | undefined;
  dataset?: string | undefined;
}

/** A view that is not the first one. */
export function viewOf(value: unknown): EvaluationsSearch["view"] {
  const known = VIEWS.find((view) => view.value === value)?.value;
  return known === "runs" ? undefined : known;
}

export function parseEvaluationsSearch(search: Record<string, unknown>): EvaluationsSearch {
  const { q, dataset } = search;
  const view = viewOf(search["view"]);
  return {
    ...(view ? { view } : {}),
    ...(text(search, "metric") ? { metric: text(search, "metric") } : {}),
    ...(typeof q === "string" && q ? { q } : {}),
    ...(typeof dataset === "string" && dataset ? { dataset } : {}),
  };
}

/** Most runs of a comparison: the server's limit. */
export const MAX_COMPARED = 10;

/** What a new run begins with. */
export interface StartRunSearch {
  dataset?: string | undefined;
  release?: string | undefined;
  /** A judge of the question of this annotation queue, by this model; `item`: whose remarks it gets. */
  queue?: string | undefined;
  judge?: string | undefined;
  item?: string | undefined;
}

export function parseStartRunSearch(search: Record<string, unknown>): StartRunSearch {
  const names = ["dataset", "release", "queue", "judge", "item"] as const;
  const given = names.map((name) => [name, text(search, name)] as const);
  return Object.fromEntries(given.filter(([, value]) => value));
}

/** Selects results by what was measured of them. `slice`: `field=value`, for each field once. */
export interface Selection {
  metric?: string | undefined;
  slice?: string[] | undefined;
  order?: "worst" | "best" | undefined;
}

/** `state`: of the result; `measured`: of its measurement by the metric, which has the `value`. */
export interface RunSearch extends Selection {
  state?: ResultState | undefined;
  measured?: ScoreState | undefined;
  value?: string | undefined;
}

const RESULT_STATES: readonly string[] = ["answered", "measured", "rejected", "failed"];

export function parseRunSearch(search: Record<string, unknown>): RunSearch {
  const { state, measured } = search;
  return {
    ...parseSelection(search),
    ...(RESULT_STATES.includes(String(state)) ? { state: state as ResultState } : {}),
    ...(MEASURED_STATES.includes(String(measured)) ? { measured: measured as ScoreState } : {}),
    ...(text(search, "value") ? { value: text(search, "value") } : {}),
  };
}

const MEASURED_STATES: readonly string[] = [
  "scored",
  "abstained",
  "unmeasured",
  "judge_error",
  "infrastructure_error",
];

function parseSelection(search: Record<string, unknown>): Selection {
  const { order } = search;
  const slices = texts(search["slice"]).filter((each) => each.includes("="));
  return {
    ...(text(search, "metric") ? { metric: text(search, "metric") } : {}),
    ...(slices.length > 0 ? { slice: slices } : {}),
    ...(order === "worst" || order === "best" ? { order } : {}),
  };
}

function text(search: Record<string, unknown>, name: string): string {
  const value = search[name];
  return typeof value === "string" ? value : "";
}

function texts(given: unknown): string[] {
  const all: unknown[] = Array.isArray(given) ? given : [given];
  return all.filter((each): each is string => typeof each === "string" && each !== "");
}

/** The runs that are compared, the baseline first; `candidate` is the one whose items are shown. */
export interface CompareSearch extends Selection {
  run: string[];
  candidate?: string | undefined;
}

export function parseCompareSearch(search: Record<string, unknown>): CompareSearch {
  return {
    ...parseSelection(search),
    run: [...new Set(texts(search["run"]))].slice(0, MAX_COMPARED),
    ...(text(search, "candidate") ? { candidate: text(search, "candidate") } : {}),
  };
}
