export const VIEWS = [
  { value: "runs", name: "Runs" },
  { value: "gates", name: "Gates" },
  { value: "online", name: "Live traffic" },
] as const;

/** The list of runs, of gates or of online evaluations; runs by words, and by dataset. */
export interface EvaluationsSearch {
  view?: "gates" | "online" | undefined;
  q?: string | undefined;
  dataset?: string | undefined;
}

/** A view that is not the first one. */
export function viewOf(value: unknown): EvaluationsSearch["view"] {
  return value === "gates" || value === "online" ? value : undefined;
}

export function parseEvaluationsSearch(search: Record<string, unknown>): EvaluationsSearch {
  const { q, dataset } = search;
  const view = viewOf(search["view"]);
  return {
    ...(view ? { view } : {}),
    ...(typeof q === "string" && q ? { q } : {}),
    ...(typeof dataset === "string" && dataset ? { dataset } : {}),
  };
}

/** Most runs of a comparison: the server's limit. */
export const MAX_COMPARED = 10;

/** The runs that are compared, the baseline first; `candidate` is the one whose items are shown. */
export interface CompareSearch {
  run: string[];
  candidate?: string | undefined;
}

export function parseCompareSearch(search: Record<string, unknown>): CompareSearch {
  const { run, candidate } = search;
  const given: unknown[] = Array.isArray(run) ? run : [run];
  const runs = given.filter((each): each is string => typeof each === "string" && each !== "");
  return {
    run: [...new Set(runs)].slice(0, MAX_COMPARED),
    ...(typeof candidate === "string" ? { candidate } : {}),
  };
}
