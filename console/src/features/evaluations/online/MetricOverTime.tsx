import { useCallback, useMemo } from "react";

import type { OnlineFigures } from "@/features/evaluations/online/queries";
import { formatValue } from "@/features/evaluations/words";
import { ChartFigure } from "@/shared/charts/ChartFigure";
import type { TimeSeries } from "@/shared/charts/option";

interface MetricOverTimeProps {
  name: string;
  figures: OnlineFigures;
}

/** A metric over time: the estimate as a line between the ends of its interval. */
export function MetricOverTime({ name, figures }: MetricOverTimeProps) {
  const facts = figures.facts[name];
  const starts = useMemo(() => everyStep(figures), [figures]);
  const series = useMemo(() => seriesOf(name, figures, starts), [name, figures, starts]);
  const format = useCallback((value: number) => formatValue(value, facts), [facts]);
  if (facts?.kind === "label" || starts.length === 0) return null;
  return (
    <ChartFigure
      title={`${name}, with its interval of 95 %`}
      legend={false}
      height="h-44"
      starts={starts}
      bucketMs={figures.step_s * 1000}
      series={series}
      format={format}
    />
  );
}

/** The starts of all steps from the first to the last one with calls. */
function everyStep({ series, step_s }: OnlineFigures): string[] {
  const first = Date.parse(series[0]?.value ?? "");
  const last = Date.parse(series.at(-1)?.value ?? "");
  if (Number.isNaN(first) || Number.isNaN(last)) return [];
  const step = step_s * 1000;
  const count = Math.round((last - first) / step) + 1;
  return Array.from({ length: count }, (_, at) => new Date(first + at * step).toISOString());
}

function seriesOf(name: string, figures: OnlineFigures, starts: readonly string[]): TimeSeries[] {
  const found = new Map(
    figures.series.map(({ value, metrics }) => [
      new Date(value).toISOString(),
      metrics[name]?.estimate,
    ]),
  );
  const values = (end: "mean" | "low" | "high") =>
    starts.map((start) => found.get(start)?.[end] ?? null);
  const line = { kind: "line", colour: "--accent" } as const;
  const bound = { kind: "line", colour: "--ink-3", style: "dotted" } as const;
  return [
    { name: "estimate", values: values("mean"), ...line },
    { name: "from", values: values("low"), ...bound },
    { name: "to", values: values("high"), ...bound },
  ];
}
