import { parseRange, type RangeSearch } from "@/shared/timeRange";

export function parseOverviewSearch(search: Record<string, unknown>): RangeSearch {
  return parseRange(search);
}
