import { IntervalBar, scaleOf, type Scale } from "@/features/evaluations/IntervalBar";
import type { Estimate, MetricFacts, MetricReport } from "@/features/evaluations/queries";
import type { RunSearch } from "@/features/evaluations/search";
import { formatValue, intervalText, stateName } from "@/features/evaluations/words";
import { formatCount } from "@/shared/format/number";
import { Badge } from "@/shared/ui/Badge";
import { TextButton } from "@/shared/ui/Button";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

const SHOWN_LABELS = 12;

interface MetricsProps {
  metrics: readonly MetricReport[];
  /** Shows the results behind a figure. */
  onShow: (selection: RunSearch) => void;
}

/** The metrics of a run: mean with its interval of 95 %, and what became of all samples. */
export function Metrics({ metrics, onShow }: MetricsProps) {
  return (
    <Table label="Metrics">
      <TableHead>
        <HeadCell>Metric</HeadCell>
        <HeadCell numeric>Mean</HeadCell>
        <HeadCell className={FROM_MD}>Interval of 95 %</HeadCell>
        <HeadCell className={`w-full ${FROM_MD}`} />
        <HeadCell numeric>Scored</HeadCell>
        <HeadCell>Not scored</HeadCell>
      </TableHead>
      <tbody>
        {metrics.map((metric) => (
          <Row key={metric.name}>
            <Cell className="whitespace-nowrap">
              <MetricName name={metric.name} facts={metric.facts} />
            </Cell>
            {metric.facts.kind === "label" ? (
              <LabelCells metric={metric} onShow={onShow} />
            ) : (
              <EstimateCells metric={metric} onShow={onShow} />
            )}
            <Cell numeric className="whitespace-nowrap">
              {formatCount(metric.scored)}
              <span className="text-ink-3"> of {formatCount(metric.samples)}</span>
            </Cell>
            <Cell className="whitespace-nowrap">
              <OtherStates metric={metric} onShow={onShow} />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

/** A metric; how it reads and whether a model judged it. */
export function MetricName({ name, facts }: { name: string; facts: MetricFacts | undefined }) {
  const better = facts?.higher_is_better;
  const direction =
    better === null || facts === undefined
      ? "Neither higher nor lower is better."
      : `${better ? "Higher" : "Lower"} is better.`;
  return (
    <span className="inline-flex items-center gap-1.5" title={direction}>
      <span className="font-medium">{name}</span>
      {typeof better === "boolean" && (
        <span className="text-xs text-ink-3">{better ? "↑" : "↓"}</span>
      )}
      {facts?.judged && <Badge>judge</Badge>}
    </span>
  );
}

interface MetricProps {
  metric: MetricReport;
  onShow: MetricsProps["onShow"];
}

function EstimateCells({ metric: { name, facts, estimate }, onShow }: MetricProps) {
  const { mean } = estimate;
  return (
    <>
      <Cell numeric className="font-medium">
        {mean === null ? (
          "–"
        ) : (
          <TextButton
            title={`Results, worst by ${name} first`}
            onClick={() => onShow({ metric: name, order: "worst" })}
          >
            {formatValue(mean, facts)}
          </TextButton>
        )}
      </Cell>
      <Cell className={`num whitespace-nowrap text-ink-2 ${FROM_MD}`}>
        {intervalText(estimate, facts) || <span className="text-ink-3">none</span>}
      </Cell>
      <Cell className={FROM_MD}>
        <IntervalBar
          value={estimate}
          scale={metricScale(facts, [estimate])}
          label={intervalText(estimate, facts)}
        />
      </Cell>
    </>
  );
}

/** The scale of a metric: its bounds, or from zero to somewhat beyond the highest end. */
export function metricScale(facts: MetricFacts, estimates: readonly Estimate[]): Scale {
  if (facts.kind === "rate") return { from: 0, to: 1 };
  const { from, to } = scaleOf(estimates);
  return { from: facts.least ?? from, to: facts.most ?? to + (to - (facts.least ?? from)) * 0.2 };
}

/** The most common label, then all with their counts. */
function LabelCells({ metric: { name, labels }, onShow }: MetricProps) {
  const found = Object.entries(labels).sort(([, one], [, other]) => other - one);
  return (
    <>
      <Cell numeric className="max-w-40 truncate font-medium">
        {found[0]?.[0] ?? "–"}
      </Cell>
      <Cell className={FROM_MD} />
      <Cell className={FROM_MD}>
        <span className="flex flex-wrap gap-x-3 gap-y-1 py-1">
          {found.slice(0, SHOWN_LABELS).map(([label, count]) => (
            <TextButton
              key={label}
              className="whitespace-nowrap"
              onClick={() => onShow({ metric: name, value: label })}
            >
              {label} <span className="num text-ink-3">{formatCount(count)}</span>
            </TextButton>
          ))}
        </span>
      </Cell>
    </>
  );
}

/** The samples without a value, by state. */
function OtherStates({ metric: { name, states }, onShow }: MetricProps) {
  const others = Object.entries(states).filter(([state, count]) => state !== "scored" && count > 0);
  if (others.length === 0) return <span className="text-ink-3">–</span>;
  return (
    <span className="flex gap-1">
      {others.map(([state, count]) => (
        <button
          key={state}
          type="button"
          title="Show these results"
          onClick={() => onShow({ metric: name, measured: state as RunSearch["measured"] })}
        >
          <Badge tone={state.endsWith("error") ? "danger" : "warn"}>
            <span className="num">{formatCount(count)}</span> {stateName(state)}
          </Badge>
        </button>
      ))}
    </span>
  );
}
