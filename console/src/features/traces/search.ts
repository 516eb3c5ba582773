import { parseCallSearch, type CallSearch } from "@/shared/calls/search";

/** The list's address: which calls, and the trace that is peeked at. */
export type TracesSearch = CallSearch & {
  trace?: string | undefined;
  live?: boolean | undefined;
};

export function parseTracesSearch(search: Record<string, unknown>): TracesSearch {
  const parsed: TracesSearch = parseCallSearch(search);
  if (typeof search["trace"] === "string") parsed.trace = search["trace"];
  if (search["live"] === true || search["live"] === "true") parsed.live = true;
  return parsed;
}

/** Which calls, without what the page shows besides. */
export function callsOf(search: TracesSearch): CallSearch {
  const calls = { ...search };
  delete calls.trace;
  delete calls.live;
  return calls;
}
