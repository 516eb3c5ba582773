import { useQuery } from "@tanstack/react-query";

import { overviewQuery } from "@/shared/calls/queries";
import type { CallFilter } from "@/shared/calls/search";
import { formatCount } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { useSettled } from "@/shared/ui/useSettled";

/** Days of calls that forecasts are made of. */
export const FORECAST_DAYS = 7;

/** The number of calls of the last days that a filter selects, read once typing pauses. */
export function useMatchingCalls(filter: CallFilter) {
  const wanted = { ...filter, range: `${FORECAST_DAYS}d` } as const;
  const search = useSettled(wanted, JSON.stringify(wanted));
  const { data, isError } = useQuery(overviewQuery(useProjectId(), search));
  return { matching: data?.totals.requests, isError };
}

/** `12,400 calls in the last 7 days, 1,771 a day`. */
export function MatchingCalls({ matching, what }: { matching: number; what: string }) {
  return (
    <>
      <span className="num">{formatCount(matching)}</span> {what} in the last {FORECAST_DAYS} days,{" "}
      <span className="num">{dailyText(matching / FORECAST_DAYS)}</span> a day
    </>
  );
}

/** Calls of a day: `12`, `0.4`. */
export function dailyText(calls: number): string {
  return calls < 10 ? String(+calls.toPrecision(2)) : formatCount(Math.round(calls));
}
