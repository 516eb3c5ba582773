import { useQuery } from "@tanstack/react-query";

import {
  boundText,
  guardName,
  guardState,
  guardTitle,
  meanText,
  neededEvidence,
  progress,
} from "@/features/rollouts/guards";
import {
  evidenceQuery,
  guardEvidence,
  type Guard,
  type GuardEvidence,
  type Place,
} from "@/features/rollouts/queries";
import { formatCount } from "@/shared/format/number";
import type { Comparison, Rollout } from "@/shared/releases/queries";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { cx } from "@/shared/ui/classes";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

interface EvidenceProps {
  place: Place;
  rollout: Rollout;
  comparison: Comparison;
}

/** What the rule says now, and the evidence on each guard metric. */
export function Evidence({ place, rollout, comparison }: EvidenceProps) {
  const query = useQuery(evidenceQuery(useProjectId(), place, comparison.version));
  const guards = comparison.plan.guards;
  const needed = neededEvidence(comparison.plan, rollout.arms.length - 1);
  return (
    <section aria-label="Evidence" className="pt-8">
      <h2 className="mb-1 text-sm font-medium">Evidence</h2>
      <QueryContent query={query}>
        {({ reason, evidence }) => (
          <>
            <p className="mb-2 text-sm text-ink-2">{reason}</p>
            {guardEvidence(evidence).length > 0 && (
              <EvidenceTable
                guards={guards}
                found={guardEvidence(evidence)}
                needed={needed}
                several={rollout.arms.length > 2}
              />
            )}
          </>
        )}
      </QueryContent>
    </section>
  );
}

interface EvidenceTableProps {
  guards: readonly Guard[];
  found: readonly GuardEvidence[];
  needed: { beyond: number; within: number };
  /** Whether there is more than one candidate. */
  several: boolean;
}

/** The evidence on each metric of each candidate. */
export function EvidenceTable({ guards, found, needed, several }: EvidenceTableProps) {
  return (
    <Table label="Evidence">
      <TableHead>
        <HeadCell>Metric</HeadCell>
        {several && <HeadCell>Arm</HeadCell>}
        <HeadCell numeric className={FROM_MD}>
          Baseline
        </HeadCell>
        <HeadCell numeric>Candidate</HeadCell>
        <HeadCell className={FROM_MD}>Bound</HeadCell>
        <HeadCell className={FROM_LG}>
          <span title="How far it is shown that the candidate is beyond its bound">Beyond</span>
        </HeadCell>
        <HeadCell className={FROM_LG}>
          <span title="How far it is shown that the candidate is within its bound">Within</span>
        </HeadCell>
        <HeadCell />
      </TableHead>
      <tbody>
        {found.map((each) => {
          const guard = guards.find((one) => guardName(one) === each.guard);
          if (!guard) return null;
          const state = guardState(each, needed);
          return (
            <Row key={`${each.arm} ${each.guard}`}>
              <Cell className="font-medium whitespace-nowrap">{guardTitle(guard)}</Cell>
              {several && <Cell>{each.arm}</Cell>}
              <Cell numeric className={FROM_MD}>
                <Mean guard={guard} tally={each.baseline} />
              </Cell>
              <Cell numeric>
                <Mean guard={guard} tally={each.candidate} />
              </Cell>
              <Cell className={`num whitespace-nowrap text-ink-2 ${FROM_MD}`}>
                {boundText(guard)}
              </Cell>
              <Cell className={FROM_LG}>
                <EvidenceBar value={each.beyond} needed={needed.beyond} colour="bg-danger" />
              </Cell>
              <Cell className={FROM_LG}>
                <EvidenceBar value={each.within} needed={needed.within} colour="bg-ok" />
              </Cell>
              <Cell className="text-right">
                <Badge tone={state.tone}>{state.name}</Badge>
              </Cell>
            </Row>
          );
        })}
      </tbody>
    </Table>
  );
}

function Mean({ guard, tally }: { guard: Guard; tally: GuardEvidence["candidate"] }) {
  return (
    <span title={`${formatCount(tally.size)} units`}>
      {meanText(guard, tally)}
      <span className="ml-1.5 text-xs text-ink-3 max-lg:hidden">of {formatCount(tally.size)}</span>
    </span>
  );
}

interface EvidenceBarProps {
  value: number;
  needed: number;
  colour: string;
}

/** Evidence on its way to what is needed, on a logarithmic scale. */
function EvidenceBar({ value, needed, colour }: EvidenceBarProps) {
  const shown = value >= 1e6 ? "> 1,000,000" : value < 0.01 ? "< 0.01" : value.toPrecision(2);
  return (
    <span
      className="flex items-center gap-2"
      title={`Evidence ${shown}; ${needed.toPrecision(3)} is needed`}
    >
      <span className="h-1.5 w-20 overflow-hidden rounded-sm bg-line">
        <span
          className={cx("block h-full", colour)}
          style={{ width: `${progress(value, needed) * 100}%` }}
        />
      </span>
      <span className="num text-xs text-ink-3">{value >= 1000 ? "≫" : shown}</span>
    </span>
  );
}
