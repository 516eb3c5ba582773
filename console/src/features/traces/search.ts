import { parseRange, type RangeSearch } from "@/shared/timeRange";

export function parseTracesSearch(search: Record<string, unknown>): RangeSearch {
  return parseRange(search);
}
