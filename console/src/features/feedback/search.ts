import { parseRange, type RangeSearch } from "@/shared/timeRange";

export const STATUSES = [
  { value: "all", name: "All" },
  { value: "new", name: "New" },
  { value: "open", name: "Open" },
  { value: "resolved", name: "Resolved" },
  { value: "dismissed", name: "Dismissed" },
] as const;

export const NAMES = [
  { value: "thumbs", name: "Thumbs" },
  { value: "rating", name: "Rating" },
  { value: "category", name: "Category" },
  { value: "comment", name: "Comment" },
  { value: "correction", name: "Correction" },
  { value: "copied", name: "Copied" },
  { value: "retried", name: "Retried" },
  { value: "edited", name: "Edited" },
  { value: "abandoned", name: "Abandoned" },
] as const;

const TEXTS = ["name", "use_case", "release", "prompt_version", "q", "mine"] as const;

/** The filters of the inbox, as in its URL. `mine`: the assignee. */
export type FeedbackSearch = RangeSearch & {
  status?: (typeof STATUSES)[number]["value"] | undefined;
  rating?: "positive" | "negative" | undefined;
} & Partial<Record<(typeof TEXTS)[number], string | undefined>>;

export function parseFeedbackSearch(search: Record<string, unknown>): FeedbackSearch {
  const parsed: FeedbackSearch = parseRange(search);
  const status = STATUSES.find(({ value }) => value === search["status"]);
  if (status) parsed.status = status.value;
  if (search["rating"] === "positive" || search["rating"] === "negative")
    parsed.rating = search["rating"];
  for (const name of TEXTS) {
    const value = search[name];
    if (typeof value === "string" && value) parsed[name] = value;
  }
  return parsed;
}

/** Whether a filter other than the time range is set. */
export function isFilteredFeedback(search: FeedbackSearch): boolean {
  return Boolean(search.status ?? search.rating) || TEXTS.some((name) => search[name]);
}
