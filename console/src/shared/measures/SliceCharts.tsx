import { useQueries } from "@tanstack/react-query";

import type { Schemas } from "@/shared/api/client";
import { overviewQuery } from "@/shared/calls/queries";
import { ChartFigure, Legend } from "@/shared/charts/ChartFigure";
import type { TimeSeries } from "@/shared/charts/option";
import { formatMoney } from "@/shared/format/money";
import { formatCompactCount, formatShare } from "@/shared/format/number";
import { formatDuration } from "@/shared/format/time";
import { costPerCall, errorRate } from "@/shared/measures/figures";
import { scoreSeriesQuery, type SliceFilter } from "@/shared/measures/queries";
import { useProjectId } from "@/shared/session";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Skeleton } from "@/shared/ui/Skeleton";

type Bucket = Schemas["BucketOut"];

/** Calls that have a line of their own. `colour` is the name of a CSS variable. */
export interface ChartedSlice {
  name: string;
  colour: string;
  filter: SliceFilter;
}

interface SliceChartsProps {
  slices: readonly ChartedSlice[];
  /** The scores that have a chart. */
  scores?: readonly string[];
}

const CHARTS = [
  {
    title: "Calls",
    kind: "bar",
    of: ({ requests }: Bucket) => requests,
    format: formatCompactCount,
  },
  {
    title: "Errors",
    kind: "line",
    of: (bucket: Bucket) => errorRate(bucket),
    format: formatShare,
  },
  {
    title: "Latency p95",
    kind: "line",
    of: ({ latency_ms }: Bucket) => latency_ms?.p95 ?? null,
    format: formatTick,
  },
  {
    title: "Cost per call",
    kind: "line",
    of: (bucket: Bucket) => costPerCall(bucket),
    format: formatMoney,
  },
] as const;

/** Traffic, errors, latency, cost and scores of several sets of calls over time. */
export function SliceCharts({ slices, scores = [] }: SliceChartsProps) {
  const projectId = useProjectId();
  const overviews = useQueries({
    queries: slices.map(({ filter }) => overviewQuery(projectId, filter)),
  });
  const failed = overviews.find(({ error }) => error);
  if (failed) return <ErrorNotice error={failed.error} />;
  const [first] = overviews;
  if (!first?.data) return <Skeleton className="h-40" />;
  const { series, bucket_s } = first.data;
  const starts = series.map(({ start }) => start);
  const byTime = overviews.map(
    ({ data }) => new Map((data?.series ?? []).map((bucket) => [bucket.start, bucket])),
  );
  return (
    <>
      {slices.length > 1 && (
        <div className="pb-3">
          <Legend series={slices.map((each) => ({ ...each, kind: "bar", values: [] }))} />
        </div>
      )}
      <div className="grid gap-x-8 gap-y-6 md:grid-cols-2 xl:grid-cols-3">
        {CHARTS.map(({ title, kind, of, format }) => (
          <ChartFigure
            key={title}
            title={title}
            height="h-40"
            legend={false}
            starts={starts}
            bucketMs={bucket_s * 1000}
            format={format}
            series={slices.map(({ name, colour }, index): TimeSeries => {
              const buckets = byTime[index];
              const value = (start: string) => {
                const bucket = buckets?.get(start);
                return bucket ? of(bucket) : null;
              };
              return { name, colour, kind, values: starts.map(value) };
            })}
          />
        ))}
        {scores.map((score) => (
          <ScoreChart
            key={score}
            score={score}
            slices={slices}
            starts={starts}
            bucketS={bucket_s}
          />
        ))}
      </div>
    </>
  );
}

interface ScoreChartProps {
  score: string;
  slices: readonly ChartedSlice[];
  starts: readonly string[];
  bucketS: number;
}

function ScoreChart({ score, slices, starts, bucketS }: ScoreChartProps) {
  const projectId = useProjectId();
  const width = Math.max(60, bucketS);
  const found = useQueries({
    queries: slices.map(({ filter }) => scoreSeriesQuery(projectId, filter, score, width)),
  });
  return (
    <ChartFigure
      title={score}
      height="h-40"
      legend={false}
      starts={starts}
      bucketMs={bucketS * 1000}
      format={(value) => value.toFixed(2)}
      series={slices.map(({ name, colour }, index): TimeSeries => {
        const value = (start: string) => {
          const bucket = Math.floor(Date.parse(start) / (width * 1000)) * width * 1000;
          return found[index]?.data?.get(bucket) ?? null;
        };
        return { name, colour, kind: "line", values: starts.map(value) };
      })}
    />
  );
}

function formatTick(ms: number): string {
  return ms === 0 ? "0" : formatDuration(ms);
}
