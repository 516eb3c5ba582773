import { parseCallSearch, type CallSearch } from "@/shared/calls/search";

/** The search parameters of the list: filters, the open trace, live mode. */
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

/** The filters and range, without the page's own parameters. */
export function callSearchOf(search: TracesSearch): CallSearch {
  const calls = { ...search };
  delete calls.trace;
  delete calls.live;
  return calls;
}
