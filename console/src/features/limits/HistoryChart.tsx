import type { UseQueryResult } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useMemo } from "react";

import { burnDown, rateChart } from "@/features/limits/burnDown";
import { formatAmount, hasWindow } from "@/features/limits/measures";
import type { Limit, LimitHistory, LimitUse } from "@/features/limits/queries";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Skeleton } from "@/shared/ui/Skeleton";

const TimeChart = lazy(() => import("@/shared/charts/TimeChart"));

interface HistoryChartProps {
  limit: Limit;
  use: LimitUse;
  query: UseQueryResult<LimitHistory>;
}

/** What is left of the window over time, or what a rate used of late. */
export function HistoryChart({ limit, use, query }: HistoryChartProps) {
  if (limit.measure === "concurrency") return null;
  if (query.isError) return <ErrorNotice error={query.error} />;
  return (
    <figure className="pt-6">
      {query.data ? (
        <Chart limit={limit} use={use} history={query.data} />
      ) : (
        <Skeleton className="h-64" />
      )}
    </figure>
  );
}

interface ChartProps {
  limit: Limit;
  use: LimitUse;
  history: LimitHistory;
}

function Chart({ limit, use, history }: ChartProps) {
  const windowed = hasWindow(limit);
  const chart = useMemo(
    () => (windowed ? burnDown(limit, use, history) : rateChart(limit, history)),
    [limit, use, history, windowed],
  );
  const format = useCallback(
    (value: number) => formatAmount(limit.measure, value),
    [limit.measure],
  );
  if (chart.starts.length < 3) return null;
  const title = windowed ? "What is left" : `Used by ${limit.window ?? ""}`;
  return (
    <>
      <figcaption className="mb-1 flex min-h-6 flex-wrap items-center justify-between gap-x-4">
        <h2 className="text-sm font-medium">{title}</h2>
        <ul className="flex gap-3 text-xs text-ink-2">
          {chart.series.map(({ name, colour, kind, style }) => (
            <li key={name} className="flex items-center gap-1.5">
              <span
                className={kind === "bar" ? "size-2 rounded-xs" : "w-4 border-t-2"}
                style={{
                  [kind === "bar" ? "background" : "borderColor"]: `var(${colour})`,
                  borderStyle: style ?? "solid",
                  ...(kind === "bar" && { border: 0 }),
                }}
              />
              {name}
            </li>
          ))}
        </ul>
      </figcaption>
      <div className="h-64">
        <Suspense fallback={<Skeleton className="h-full" />}>
          <TimeChart label={`${title} over time`} {...chart} format={format} />
        </Suspense>
      </div>
    </>
  );
}
