import { IntervalBar } from "@/features/evaluations/IntervalBar";
import { MetricName } from "@/features/evaluations/Metrics";
import type {
  OnlineFigures,
  OnlineGroup,
  OnlineMetric,
} from "@/features/evaluations/online/queries";
import { shareText } from "@/features/evaluations/online/words";
import type { MetricFacts } from "@/features/evaluations/queries";
import { formatValue, intervalText, stateName } from "@/features/evaluations/words";
import { formatCount } from "@/shared/format/number";
import { Badge } from "@/shared/ui/Badge";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

const ALL_COVERED = 0.995;

interface GroupTableProps {
  figures: OnlineFigures;
  groups: readonly OnlineGroup[];
}

/** Metrics of groups of calls: estimates for all calls with intervals, and denominators. */
export function GroupTable({ figures, groups }: GroupTableProps) {
  const several = groups.length > 1;
  const rows = groups.flatMap((group) =>
    Object.entries(group.metrics).map(([name, metric]) => ({ group, name, metric })),
  );
  return (
    <Table label={several ? "Metrics by release" : "Metrics of all calls"}>
      <TableHead>
        {several && <HeadCell>Release</HeadCell>}
        <HeadCell>Metric</HeadCell>
        <HeadCell numeric>Estimate</HeadCell>
        <HeadCell className={FROM_MD}>Interval of 95 %</HeadCell>
        <HeadCell className={`w-full ${FROM_LG}`} />
        <HeadCell numeric>Scored</HeadCell>
        <HeadCell>Not scored</HeadCell>
      </TableHead>
      <tbody>
        {rows.map(({ group, name, metric }) => (
          <Row key={`${group.value} ${name}`}>
            {several && (
              <Cell className="font-mono text-xs">{group.value.slice(0, 12) || "none"}</Cell>
            )}
            <Cell className="whitespace-nowrap">
              <MetricName name={name} facts={figures.facts[name]} />
            </Cell>
            <Estimate metric={metric} facts={figures.facts[name]} />
            <Cell numeric className="whitespace-nowrap">
              {formatCount(metric.scored)}
              <span className="text-ink-3"> of {formatCount(group.counts.eligible)} calls</span>
            </Cell>
            <Cell className="whitespace-nowrap">
              <NotScored states={metric.states} />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

interface EstimateProps {
  metric: OnlineMetric;
  facts: MetricFacts | undefined;
}

function Estimate({ metric, facts }: EstimateProps) {
  const { estimate, labels } = metric;
  if (!estimate) {
    const shown = Object.entries(labels).map(([label, count]) => `${label} ${formatCount(count)}`);
    return (
      <>
        <Cell numeric>–</Cell>
        <Cell className={FROM_MD} />
        <Cell className={`text-ink-2 ${FROM_LG}`}>{shown.slice(0, 8).join(" · ")}</Cell>
      </>
    );
  }
  const value = { items: metric.scored, ...estimate };
  const scale =
    facts?.kind === "rate"
      ? { from: 0, to: 1 }
      : { from: facts?.least ?? 0, to: facts?.most ?? (estimate.high ?? estimate.mean) * 1.2 };
  return (
    <>
      <Cell numeric className="font-medium">
        {formatValue(estimate.mean, facts)}
      </Cell>
      <Cell className={`num whitespace-nowrap text-ink-2 ${FROM_MD}`}>
        {intervalText(value, facts) || <span className="text-ink-3">none</span>}
      </Cell>
      <Cell className={FROM_LG}>
        <span className="flex items-center gap-3">
          <IntervalBar value={value} scale={scale} label={intervalText(value, facts)} />
          {estimate.covered < ALL_COVERED && (
            <span
              className="text-xs whitespace-nowrap text-warn"
              title="Of the other calls' hours and releases nothing was measured."
            >
              of {shareText(estimate.covered)} of the calls
            </span>
          )}
        </span>
      </Cell>
    </>
  );
}

function NotScored({ states }: { states: OnlineMetric["states"] }) {
  const others = Object.entries(states).filter(([state]) => state !== "scored");
  if (others.length === 0) return <span className="text-ink-3">–</span>;
  return (
    <span className="flex gap-1">
      {others.map(([state, count]) => (
        <Badge key={state} tone={state.endsWith("error") ? "danger" : "warn"}>
          <span className="num">{formatCount(count)}</span> {stateName(state)}
        </Badge>
      ))}
    </span>
  );
}

/** Calls of the sample that were not measured, and why. */
export function SkippedCalls({ counts }: { counts: OnlineGroup["counts"] }) {
  const skipped = [
    { why: "the budget was spent", count: counts.skipped_budget },
    { why: "the calls of the day were used", count: counts.skipped_daily_calls },
    { why: "measurements were late", count: counts.skipped_backlog },
  ].filter(({ count }) => count > 0);
  const { eligible, drawn } = counts;
  return (
    <p className="pt-2 text-xs text-ink-2">
      {formatCount(drawn)} of {formatCount(eligible)} calls were drawn
      {skipped.map(({ why, count }) => (
        <span key={why} className="text-warn">
          ; {formatCount(count)} were not, because {why}
        </span>
      ))}
      .
    </p>
  );
}
