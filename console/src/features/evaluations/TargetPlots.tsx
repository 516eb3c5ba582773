import {
  targetName,
  type DatasetFigures,
  type FigurePoint,
  type TargetFigure,
} from "@/features/evaluations/figures";
import { formatValue } from "@/features/evaluations/words";
import { PointPlot, type PlotPoint } from "@/shared/charts/PointPlot";
import { formatMoney } from "@/shared/format/money";
import { formatDateTime, formatDuration } from "@/shared/format/time";
import { armColour } from "@/shared/releases/arms";

type Frontier = "on_cost_frontier" | "on_latency_frontier";
type CostOf = (point: FigurePoint) => number | null;

/** Quality against cost, against latency, and over time; the dashed line joins the best trade-offs. */
export function TargetPlots({ found }: { found: DatasetFigures }) {
  const format = (value: number) => formatValue(value, found.facts ?? undefined);
  return (
    <div className="grid gap-x-10 gap-y-8 lg:grid-cols-2">
      <TradeOff
        title={`${found.metric} against cost`}
        found={found}
        of={({ cost_usd }) => cost_usd}
        frontier="on_cost_frontier"
        xTitle="USD for an item"
        formatX={formatMoney}
        formatY={format}
      />
      <TradeOff
        title={`${found.metric} against latency`}
        found={found}
        of={({ latency_p50_ms }) => latency_p50_ms}
        frontier="on_latency_frontier"
        xTitle="median latency"
        formatX={formatDuration}
        formatY={format}
      />
      <OverTime found={found} formatY={format} />
    </div>
  );
}

interface TradeOffProps {
  title: string;
  found: DatasetFigures;
  of: CostOf;
  frontier: Frontier;
  xTitle: string;
  formatX: (value: number) => string;
  formatY: (value: number) => string;
}

function TradeOff({ title, found, of, frontier, xTitle, formatX, formatY }: TradeOffProps) {
  const points = found.targets.flatMap((target, index) => pointOf(target, index, of, frontier));
  const best = points.filter(({ hollow }) => !hollow).sort((one, other) => one.x - other.x);
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 text-sm font-medium">{title}</figcaption>
      {points.length === 0 ? (
        <p className="py-8 text-sm text-ink-3">No target has both figures.</p>
      ) : (
        <PointPlot
          label={title}
          points={points}
          lines={[{ colour: "--ink-3", places: best.map(({ x, y }) => [x, y]) }]}
          formatX={formatX}
          formatY={formatY}
          xTitle={xTitle}
          named
        />
      )}
    </figure>
  );
}

function pointOf(target: TargetFigure, index: number, of: CostOf, frontier: Frontier): PlotPoint[] {
  const latest = target.latest;
  const x = latest && of(latest);
  const mean = latest?.estimate.mean ?? null;
  if (x === null || mean === null || !latest) return [];
  const { low, high } = latest.estimate;
  const colour = armColour(index);
  return [{ x, y: mean, low, high, name: targetName(target), colour, hollow: !target[frontier] }];
}

interface OverTimeProps {
  found: DatasetFigures;
  formatY: (value: number) => string;
}

/** The history of each target. Runs on another version, or by another evaluator, are hollow. */
function OverTime({ found, formatY }: OverTimeProps) {
  const series = found.targets.map((target, index) => ({
    colour: armColour(index),
    points: target.history.flatMap((run) => historyPoint(run, target, index)),
  }));
  const title = `${found.metric} over time`;
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 text-sm font-medium">{title}</figcaption>
      <PointPlot
        label={title}
        points={series.flatMap(({ points }) => points)}
        lines={series.map(({ colour, points }) => ({
          colour,
          places: points.map(({ x, y }) => [x, y]),
        }))}
        formatX={(at) => formatDateTime(at).slice(5, 16)}
        formatY={formatY}
        xTitle="end of the run"
      />
    </figure>
  );
}

function historyPoint(run: FigurePoint, target: TargetFigure, index: number): PlotPoint[] {
  const { mean, low, high } = run.estimate;
  if (mean === null) return [];
  const x = Date.parse(run.ended_at);
  const look = { colour: armColour(index), hollow: !run.comparable };
  return [{ x, y: mean, low, high, name: targetName(target), ...look }];
}
