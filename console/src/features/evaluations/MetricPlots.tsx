import { IntervalBar } from "@/features/evaluations/IntervalBar";
import { metricScale, MetricName } from "@/features/evaluations/Metrics";
import type {
  Estimate,
  MetricDifference,
  MetricFacts,
  MetricReport,
  Report,
  Run,
} from "@/features/evaluations/queries";
import { formatValue, intervalText, outcome, runName } from "@/features/evaluations/words";
import { cx } from "@/shared/ui/classes";

interface MetricPlotsProps {
  /** The baseline first. */
  runs: readonly Run[];
  reports: readonly Report[];
  differences: readonly MetricDifference[];
}

/** Each metric as dots with whiskers, one for each run; the line is the mean of the baseline. Those
 * that are equal in all runs are a number each: there is nothing to compare. */
export function MetricPlots({ runs, reports, differences }: MetricPlotsProps) {
  const metrics = reports[0]?.metrics.filter(({ facts }) => facts.kind !== "label") ?? [];
  const equal = metrics.filter(({ name }) => allEqual(estimatesOf(reports, name)));
  const plotted = metrics.filter((metric) => !equal.includes(metric));
  return (
    <>
      {plotted.length > 0 && (
        <div className="grid gap-x-10 gap-y-6 pt-2 pb-4 lg:grid-cols-2">
          {plotted.map((metric) => (
            <MetricPlot
              key={metric.name}
              metric={metric}
              runs={runs}
              reports={reports}
              differences={differences.filter((each) => each.metric === metric.name)}
            />
          ))}
        </div>
      )}
      {equal.length > 0 && <EqualMetrics metrics={equal} />}
    </>
  );
}

function EqualMetrics({ metrics }: { metrics: readonly MetricReport[] }) {
  return (
    <section aria-label="The same in all runs" className="pt-1 pb-4">
      <h3 className="mb-2 text-xs text-ink-3">The same in all runs, with the interval of 95 %</h3>
      <ul className="flex flex-wrap gap-x-10 gap-y-2">
        {metrics.map(({ name, facts, estimate }) => (
          <li key={name} className="flex items-baseline gap-2 text-sm">
            <MetricName name={name} facts={facts} />
            <span className="num font-medium">{formatMean(estimate, facts)}</span>
            <span className="num text-xs text-ink-3">
              {intervalText(estimate, facts) || "without variation"}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Whether all runs have the same estimate: a plot would have the same bar for each. */
export function allEqual(estimates: readonly (Estimate | undefined)[]): boolean {
  const [first] = estimates;
  if (!first || first.mean === null) return false;
  const { mean, low, high } = first;
  return estimates.every((each) => each?.mean === mean && each.low === low && each.high === high);
}

/** The estimates of a metric, one for each run. */
function estimatesOf(reports: readonly Report[], name: string) {
  return reports.map(({ metrics }) => metrics.find((each) => each.name === name)?.estimate);
}

interface MetricPlotProps extends MetricPlotsProps {
  metric: MetricReport;
}

function MetricPlot({ metric, runs, reports, differences }: MetricPlotProps) {
  const { name, facts } = metric;
  const estimates = estimatesOf(reports, name);
  const scale = plotScale(
    estimates.filter((each) => each !== undefined),
    metric,
  );
  return (
    <figure aria-label={name} className="min-w-0">
      <figcaption className="flex items-baseline justify-between text-sm">
        <MetricName name={name} facts={facts} />
      </figcaption>
      <ul>
        {runs.map((run, index) => {
          const estimate = estimates[index];
          const found = differences.find((each) => each.run === run.id);
          return (
            <li
              key={run.id}
              className="flex flex-wrap items-center gap-x-3 pb-1 text-xs sm:h-7 sm:flex-nowrap sm:pb-0"
            >
              <span className="w-full shrink-0 truncate text-ink-2 sm:w-44" title={runName(run)}>
                {runName(run)}
              </span>
              <span className="min-w-0 flex-1">
                {estimate && (
                  <IntervalBar
                    value={estimate}
                    scale={scale}
                    label={`${runName(run)}: ${intervalText(estimate, facts)}`}
                    mark={estimates[0]?.mean ?? undefined}
                    colour={found ? COLOURS[outcome(found).tone] : "bg-ink-2"}
                  />
                )}
              </span>
              <span className="num w-16 shrink-0 text-right font-medium">
                {formatMean(estimate, facts)}
              </span>
              <Word found={index === 0 ? undefined : found} isBaseline={index === 0} />
            </li>
          );
        })}
      </ul>
      <div aria-hidden className="num flex justify-between pr-46 text-2xs sm:pl-47 text-ink-3">
        <span>{formatValue(scale.from, facts)}</span>
        <span>{formatValue(scale.to, facts)}</span>
      </div>
    </figure>
  );
}

function formatMean(estimate: Estimate | undefined, facts: MetricFacts): string {
  const mean = estimate?.mean ?? null;
  return mean === null ? "–" : formatValue(mean, facts);
}

const COLOURS: Record<string, string> = {
  ok: "bg-ok",
  danger: "bg-danger",
  neutral: "bg-ink-3",
  warn: "bg-warn",
};
const TEXTS: Record<string, string> = { ok: "text-ok", danger: "text-danger" };

interface WordProps {
  found: MetricDifference | undefined;
  isBaseline: boolean;
}

function Word({ found, isBaseline }: WordProps) {
  const word = found && outcome(found);
  const name = isBaseline ? "baseline" : (word?.name.replace(" shown", "") ?? "");
  return (
    <span className={cx("w-24 shrink-0 truncate", (word && TEXTS[word.tone]) ?? "text-ink-3")}>
      {name}
    </span>
  );
}

/** A scale around all intervals, within the bounds of the metric. */
function plotScale(estimates: readonly Estimate[], { facts }: MetricReport) {
  const ends = estimates
    .flatMap(({ mean, low, high }) => [mean, low, high])
    .filter((end) => end !== null);
  if (ends.length === 0) return metricScale(facts, estimates);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const margin = (high - low) * 0.15 || Math.abs(high) * 0.1 || 1;
  const [least, most] = facts.kind === "rate" ? [0, 1] : [facts.least, facts.most];
  return {
    from: Math.max(low - margin, least ?? -Infinity),
    to: Math.min(high + margin, most ?? Infinity),
  };
}
