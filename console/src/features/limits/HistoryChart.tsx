import type { UseQueryResult } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";

import { burnDown, rateChart } from "@/features/limits/burnDown";
import { formatAmount, hasWindow } from "@/features/limits/measures";
import type { Limit, LimitHistory, LimitUse } from "@/features/limits/queries";
import { ChartFigure } from "@/shared/charts/ChartFigure";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Skeleton } from "@/shared/ui/Skeleton";

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
    <div className="pt-6">
      {query.data ? (
        <Chart limit={limit} use={use} history={query.data} />
      ) : (
        <Skeleton className="h-64" />
      )}
    </div>
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
  return <ChartFigure title={title} height="h-64" {...chart} format={format} />;
}
