import {
  targetName,
  type DatasetFigures,
  type FigurePoint,
  type TargetFigure,
} from "@/features/evaluations/figures";
import type { MetricFacts } from "@/features/evaluations/queries";
import { RunLink } from "@/features/evaluations/RunTable";
import { formatValue, intervalText } from "@/features/evaluations/words";
import { formatCount } from "@/shared/format/number";
import { armColour } from "@/shared/releases/arms";
import { ReleaseLink } from "@/shared/releases/ReleaseLink";
import { Badge } from "@/shared/ui/Badge";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { Duration, Money, RelativeTime } from "@/shared/ui/Values";

/** The figures of the targets as numbers. */
export function TargetTable({ found }: { found: DatasetFigures }) {
  return (
    <section aria-label="Targets" className="pt-8">
      <h2 className="mb-1 text-sm font-medium">
        Targets on version {found.version}
        {found.split && `, split ${found.split}`}
      </h2>
      <Table label="Targets">
        <TableHead>
          <HeadCell>Target</HeadCell>
          <HeadCell numeric>{found.metric}</HeadCell>
          <HeadCell className={FROM_MD}>Interval of 95 %</HeadCell>
          <HeadCell numeric className={FROM_LG}>
            Scored
          </HeadCell>
          <HeadCell numeric>Cost</HeadCell>
          <HeadCell numeric className={FROM_MD}>
            p50
          </HeadCell>
          <HeadCell numeric className={FROM_MD}>
            p95
          </HeadCell>
          <HeadCell>Best trade-off</HeadCell>
          <HeadCell className={FROM_LG}>Newest run</HeadCell>
        </TableHead>
        <tbody>
          {found.targets.map((target, index) => (
            <TargetRow
              key={`${target.release} ${target.label}`}
              target={target}
              colour={armColour(index)}
              facts={found.facts ?? undefined}
            />
          ))}
        </tbody>
      </Table>
    </section>
  );
}

interface TargetRowProps {
  target: TargetFigure;
  colour: string;
  facts: MetricFacts | undefined;
}

function TargetRow({ target, colour, facts }: TargetRowProps) {
  const latest = target.latest ?? target.history[0];
  return (
    <Row>
      <Cell className="max-w-72">
        <span className="flex items-center gap-2">
          <span
            aria-hidden
            className="size-2 shrink-0 rounded-xs"
            style={{ background: `var(${colour})` }}
          />
          <span className="truncate">
            {target.release ? (
              <ReleaseLink digest={target.release} withMessage />
            ) : (
              targetName(target)
            )}
          </span>
        </span>
      </Cell>
      <LatestCells latest={latest} facts={facts} />
      <Cell className="whitespace-nowrap">
        <span className="flex gap-1">
          {target.on_cost_frontier && <Badge tone="ok">cost</Badge>}
          {target.on_latency_frontier && <Badge tone="ok">latency</Badge>}
        </span>
      </Cell>
      <Cell className={`whitespace-nowrap text-ink-2 ${FROM_LG}`}>
        {latest && (
          <>
            <RunLink run={{ id: latest.run, label: "" }} /> <RelativeTime at={latest.ended_at} />
          </>
        )}
      </Cell>
    </Row>
  );
}

interface LatestCellsProps {
  latest: FigurePoint | undefined;
  facts: MetricFacts | undefined;
}

function LatestCells({ latest, facts }: LatestCellsProps) {
  if (!latest) return <td colSpan={6} />;
  const { estimate, scored, samples, cost_usd } = latest;
  return (
    <>
      <Cell numeric className="font-medium">
        {estimate.mean === null ? "–" : formatValue(estimate.mean, facts)}
      </Cell>
      <Cell className={`num whitespace-nowrap text-ink-2 ${FROM_MD}`}>
        {intervalText(estimate, facts)}
      </Cell>
      <Cell numeric className={`whitespace-nowrap text-ink-2 ${FROM_LG}`}>
        {formatCount(scored)} of {formatCount(samples)}
      </Cell>
      <Cell numeric>{cost_usd === null ? "–" : <Money amount={String(cost_usd)} />}</Cell>
      <Cell numeric className={FROM_MD}>
        <Duration ms={latest.latency_p50_ms} />
      </Cell>
      <Cell numeric className={FROM_MD}>
        <Duration ms={latest.latency_p95_ms} />
      </Cell>
    </>
  );
}
