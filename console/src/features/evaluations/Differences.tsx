import { IntervalBar, scaleOf, type Scale } from "@/features/evaluations/IntervalBar";
import { MetricName } from "@/features/evaluations/Metrics";
import type { MetricDifference, MetricFacts, Run } from "@/features/evaluations/queries";
import {
  formatDifference,
  formatValue,
  outcome,
  outcomeNote,
  runName,
} from "@/features/evaluations/words";
import type { CompareSearch } from "@/features/evaluations/search";
import { formatCount } from "@/shared/format/number";
import { armColour } from "@/shared/releases/arms";
import { Badge } from "@/shared/ui/Badge";
import { TextButton } from "@/shared/ui/Button";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

interface DifferencesProps {
  differences: readonly MetricDifference[];
  candidates: readonly Run[];
  facts: ReadonlyMap<string, MetricFacts>;
  /** Shows the items that differ in a metric. */
  onSelect: (part: Partial<CompareSearch>) => void;
}

/** The difference of each candidate to the baseline in each metric, with its interval drawn. */
export function Differences(props: DifferencesProps) {
  const { differences, candidates, facts, onSelect } = props;
  const several = candidates.length > 1;
  return (
    <Table label="Differences">
      <TableHead>
        <HeadCell>Metric</HeadCell>
        {several && <HeadCell>Run</HeadCell>}
        <HeadCell numeric className={FROM_MD}>
          Baseline
        </HeadCell>
        <HeadCell numeric className={FROM_MD}>
          Run
        </HeadCell>
        <HeadCell numeric>Difference</HeadCell>
        <HeadCell className={`w-1/4 ${FROM_MD}`} />
        <HeadCell numeric className={FROM_LG}>
          <span title="Items that are better, and worse, of those that both runs have">Items</span>
        </HeadCell>
        <HeadCell>Outcome</HeadCell>
      </TableHead>
      <tbody>
        {differences.map((found) => {
          const at = candidates.findIndex(({ id }) => id === found.run);
          const same = differences.filter(({ metric }) => metric === found.metric);
          return (
            <DifferenceRow
              key={`${found.metric} ${found.run}`}
              found={found}
              run={several ? candidates[at] : undefined}
              colour={armColour(at)}
              facts={facts.get(found.metric)}
              scale={differenceScale(same)}
              first={same[0] === found}
              onSelect={onSelect}
            />
          );
        })}
      </tbody>
    </Table>
  );
}

interface DifferenceRowProps {
  found: MetricDifference;
  /** The run, if there are several. */
  run: Run | undefined;
  colour: string;
  facts: MetricFacts | undefined;
  scale: Scale;
  /** Whether it is the first one of its metric. */
  first: boolean;
  onSelect: DifferencesProps["onSelect"];
}

function DifferenceRow(props: DifferenceRowProps) {
  const { found, run, colour, facts, scale, first, onSelect } = props;
  const { metric, baseline, candidate, difference } = found;
  const { tone, name } = outcome(found);
  const value = { mean: difference, low: found.low, high: found.high };
  return (
    <Row>
      <Cell className="whitespace-nowrap">
        {first && <MetricName name={metric} facts={facts} />}
      </Cell>
      {run && (
        <Cell className="max-w-40">
          <span className="flex items-center gap-2">
            <Swatch colour={colour} />
            <span className="truncate" title={runName(run)}>
              {runName(run)}
            </span>
          </span>
        </Cell>
      )}
      <Cell numeric className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>
        {baseline.mean === null ? "–" : formatValue(baseline.mean, facts)}
      </Cell>
      <Cell numeric className={`whitespace-nowrap ${FROM_MD}`}>
        {candidate.mean === null ? "–" : formatValue(candidate.mean, facts)}
      </Cell>
      <Cell numeric className="font-medium whitespace-nowrap">
        {difference === null ? "–" : formatDifference(difference, facts)}
      </Cell>
      <Cell className={FROM_MD}>
        {value.low !== null && (
          <IntervalBar
            value={value}
            scale={scale}
            label={rangeText(found, facts)}
            mark={0}
            colour={BARS[tone]}
          />
        )}
      </Cell>
      <Cell numeric className={`whitespace-nowrap text-ink-2 ${FROM_LG}`}>
        <ItemCounts found={found} facts={facts} onSelect={onSelect} />
      </Cell>
      <Cell className="py-1">
        <span className="flex flex-wrap items-baseline gap-x-2">
          <Badge tone={tone}>{name}</Badge>
          <span className="text-xs text-ink-3">{outcomeNote(found, facts)}</span>
        </span>
      </Cell>
    </Row>
  );
}

const BARS: Record<string, string> = { ok: "bg-ok", danger: "bg-danger", neutral: "bg-ink-3" };

function Swatch({ colour }: { colour: string }) {
  return (
    <span
      aria-hidden
      className="size-2 shrink-0 rounded-xs"
      style={{ background: `var(${colour})` }}
    />
  );
}

/** How many items are better and worse; higher and lower where neither is better. Each number leads
 * to its items. */
function ItemCounts(props: Pick<DifferenceRowProps, "found" | "facts" | "onSelect">) {
  const { found, facts, onSelect } = props;
  const { better, worse, items, metric, run } = found;
  const show = (order: "best" | undefined) => {
    onSelect({ metric, order, candidate: run });
    document.getElementById("items")?.scrollIntoView();
  };
  const [up, down] = facts?.higher_is_better === null ? ["higher", "lower"] : ["better", "worse"];
  return (
    <span title={`${formatCount(items)} items that both runs have`}>
      <TextButton onClick={() => show("best")}>
        {formatCount(better)} {up}
      </TextButton>
      {", "}
      <TextButton onClick={() => show(undefined)}>
        {formatCount(worse)} {down}
      </TextButton>
      <span className="text-ink-3"> of {formatCount(items)}</span>
    </span>
  );
}

function rangeText({ low, high }: MetricDifference, facts: MetricFacts | undefined): string {
  if (low === null || high === null) return "no interval";
  return `${formatDifference(low, facts)} to ${formatDifference(high, facts)}`;
}

/** A scale for the differences of one metric, with zero in its middle. */
function differenceScale(found: readonly MetricDifference[]): Scale {
  const ends = found.map(({ difference, low, high }) => ({ mean: difference, low, high }));
  const { from, to } = scaleOf([...ends, { mean: 0, low: null, high: null }]);
  const most = Math.max(Math.abs(from), Math.abs(to));
  return { from: -most, to: most };
}
