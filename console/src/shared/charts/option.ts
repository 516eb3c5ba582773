import type { EChartsCoreOption } from "echarts/core";

import { timeTicks } from "@/shared/charts/ticks";
import { formatDateTime } from "@/shared/format/time";

/** One line or stack of bars. `colour` is the name of a CSS variable. */
export interface TimeSeries {
  name: string;
  kind: "bar" | "line";
  colour: string;
  values: readonly (number | null)[];
  /** How a line is drawn; solid if left out. */
  style?: "dashed" | "dotted";
}

interface Chart {
  starts: readonly string[];
  bucketMs: number;
  series: readonly TimeSeries[];
  format: (value: number) => string;
}

const FONT = { fontFamily: "Inter Variable, system-ui, sans-serif", fontSize: 11 };

/** The ECharts option of a chart; `colour` resolves a CSS variable of the current theme. */
export function chartOption(chart: Chart, colour: (name: string) => string): EChartsCoreOption {
  const { starts, bucketMs, format } = chart;
  const ticks = timeTicks(starts, bucketMs);
  return {
    animation: false,
    textStyle: FONT,
    grid: { left: 46, right: 16, top: 8, bottom: 22 },
    tooltip: tooltip(chart, colour),
    brush: {
      xAxisIndex: 0,
      brushStyle: { color: colour("--accent"), opacity: 0.15, borderWidth: 0 },
      outOfBrush: { colorAlpha: 1 },
    },
    xAxis: {
      type: "category",
      data: [...starts],
      axisLine: { lineStyle: { color: colour("--line-strong") } },
      axisTick: { show: false },
      axisLabel: {
        ...FONT,
        color: colour("--ink-3"),
        hideOverlap: true,
        interval: (index: number) => ticks.has(index),
        formatter: (_: string, index: number) => ticks.get(index) ?? "",
      },
    },
    yAxis: {
      type: "value",
      splitNumber: 3,
      splitLine: { lineStyle: { color: colour("--line") } },
      axisLabel: {
        ...FONT,
        color: colour("--ink-3"),
        formatter: (value: number) => stripTrailingZeros(format(value)),
      },
    },
    series: chart.series.map((series) => seriesOption(series, colour(series.colour))),
  };
}

function seriesOption({ name, kind, values, style }: TimeSeries, colour: string) {
  const common = { name, data: values, itemStyle: { color: colour }, emphasis: { disabled: true } };
  if (kind === "bar") return { ...common, type: "bar", stack: "all", barCategoryGap: "20%" };
  const isolated = isolatedPoints(values);
  return {
    ...common,
    type: "line",
    lineStyle: { width: style === "dotted" ? 1 : 1.5, type: style ?? "solid" },
    symbol: "circle",
    symbolSize: (_: unknown, point: { dataIndex: number }) =>
      isolated.has(point.dataIndex) ? 5 : 0,
    showAllSymbol: true,
  };
}

/** The indexes of values without neighbours: a line does not show them. */
export function isolatedPoints(values: readonly (number | null)[]): Set<number> {
  const isMissing = (index: number) => (values[index] ?? null) === null;
  const isolated = (index: number) =>
    !isMissing(index) && isMissing(index - 1) && isMissing(index + 1);
  return new Set([...values.keys()].filter(isolated));
}

function tooltip({ starts, series, format }: Chart, colour: (name: string) => string) {
  return {
    trigger: "axis",
    confine: true,
    axisPointer: { type: "line", lineStyle: { color: colour("--line-strong") } },
    backgroundColor: colour("--raised"),
    borderColor: colour("--line"),
    padding: [6, 10],
    textStyle: { ...FONT, fontSize: 12, color: colour("--ink") },
    formatter: (points: readonly { dataIndex: number }[]) => {
      const at = points[0]?.dataIndex ?? 0;
      const title = `<div style="color:${colour("--ink-3")}">${formatDateTime(starts[at] ?? 0)}</div>`;
      const rows = series.map((one) => tooltipRow(one, at, format, colour));
      return title + rows.join("");
    },
  };
}

/** One row of the tooltip. Names of series may come from users, so they are escaped. */
function tooltipRow(
  { name, values, colour: variable }: TimeSeries,
  at: number,
  format: (value: number) => string,
  colour: (name: string) => string,
): string {
  const value = values[at];
  const shown = value === null || value === undefined ? "–" : format(value);
  const dot = `<i style="width:7px;height:7px;border-radius:2px;background:${colour(variable)}"></i>`;
  return `<div style="display:flex;align-items:center;gap:6px">${dot}<span style="flex:1;padding-right:16px">${escapeHtml(name)}</span><b style="font-weight:500;font-variant-numeric:tabular-nums">${shown}</b></div>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** For axis labels: `3.00 s` → `3 s`, `$0.0500` → `$0.05`. */
function stripTrailingZeros(text: string): string {
  return text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");
}
