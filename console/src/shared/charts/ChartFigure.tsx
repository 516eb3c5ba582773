import { lazy, Suspense, type ReactNode } from "react";

import type { TimeSeries } from "@/shared/charts/option";
import { cx } from "@/shared/ui/classes";
import { Skeleton } from "@/shared/ui/Skeleton";

const TimeChart = lazy(() => import("@/shared/charts/TimeChart"));

interface ChartFigureProps {
  title: string;
  /** The height as a class. */
  height: string;
  /** Start times of the buckets (RFC 3339), in order. */
  starts: readonly string[];
  bucketMs: number;
  series: readonly TimeSeries[];
  format: (value: number) => string;
  onSelect?: (first: number, last: number) => void;
  /** Left out where another chart beside it has the same legend. */
  legend?: boolean;
  children?: ReactNode;
}

/** A chart over time with its title and legend. */
export function ChartFigure(props: ChartFigureProps) {
  const { title, height, legend = true, children, ...chart } = props;
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 flex min-h-6 flex-wrap items-center justify-between gap-x-4">
        <h3 className="text-sm font-medium">{title}</h3>
        {legend && chart.series.length > 1 && <Legend series={chart.series} />}
      </figcaption>
      <div className={height}>
        <Suspense fallback={<Skeleton className="h-full" />}>
          <TimeChart label={`${title} over time`} {...chart} />
        </Suspense>
      </div>
      {children}
    </figure>
  );
}

/** The names of series with their colours and lines. */
export function Legend({ series }: { series: readonly TimeSeries[] }) {
  return (
    <ul className="flex flex-wrap gap-x-3 text-xs text-ink-2">
      {series.map(({ name, colour, style }) => (
        <li key={name} className="flex items-center gap-1.5">
          <span
            className={cx(style ? "w-4 border-t-2" : "size-2 rounded-xs")}
            style={
              style
                ? { borderColor: `var(${colour})`, borderStyle: style }
                : { background: `var(${colour})` }
            }
          />
          {name}
        </li>
      ))}
    </ul>
  );
}
