import { useQuery } from "@tanstack/react-query";

import { useCaseOutcomesQuery, useCaseScoresQuery } from "@/features/useCases/queries";
import { isReached, targetText } from "@/features/useCases/words";
import type { Schemas } from "@/shared/api/client";
import { overviewQuery } from "@/shared/calls/queries";
import { CallsLink } from "@/shared/calls/CallsLink";
import { formatMoney } from "@/shared/format/money";
import { formatCount, formatShare } from "@/shared/format/number";
import type { UseCase } from "@/shared/releases/queries";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { cx } from "@/shared/ui/classes";
import { Figure } from "@/shared/ui/Facts";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Skeleton } from "@/shared/ui/Skeleton";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { Duration } from "@/shared/ui/Values";

const OUTCOMES = [
  ["task_completed", "Completed"],
  ["resolved", "Resolved"],
  ["handed_over", "Handed over"],
  ["converted", "Converted"],
] as const;

/** The figures of a use case: calls, outcomes, and its criteria with what was measured. */
export function Quality({ useCase }: { useCase: UseCase }) {
  const projectId = useProjectId();
  const calls = { use_case: [useCase.name], range: "7d" as const };
  const overview = useQuery(overviewQuery(projectId, calls));
  const outcomes = useQuery(useCaseOutcomesQuery(projectId, useCase.name)).data;
  return (
    <section aria-label="Last 7 days" className="pt-8">
      <h2 className="mb-2 text-sm font-medium">Last 7 days</h2>
      {overview.error && <ErrorNotice error={overview.error} />}
      {overview.isPending && <Skeleton className="h-10 w-96 max-w-full" />}
      {overview.data && (
        <dl className="flex flex-wrap gap-x-10 gap-y-2">
          <Figure name="Calls">
            <CallsLink calls={calls}>{formatCount(overview.data.totals.requests)}</CallsLink>
          </Figure>
          <Errors totals={overview.data.totals} />
          <Figure name="p95">
            <Duration ms={overview.data.totals.latency_ms?.p95 ?? null} />
          </Figure>
          <Figure name="Cost">{formatMoney(overview.data.totals.cost)}</Figure>
          {outcomes && <OutcomeFigures found={outcomes} />}
        </dl>
      )}
      {useCase.criteria.length > 0 && <Criteria useCase={useCase} />}
    </section>
  );
}

function Errors({ totals: { requests, errors } }: { totals: Schemas["MeasuresOut"] }) {
  return (
    <Figure name="Errors" className={cx(errors > 0 && "text-danger")}>
      {formatShare(requests ? errors / requests : 0)}
    </Figure>
  );
}

function OutcomeFigures({ found }: { found: Schemas["OutcomeFiguresView"] }) {
  const { outcomes, cost_per_resolution } = found;
  return (
    <>
      {OUTCOMES.map(([outcome, name]) => {
        const counts = outcomes[outcome];
        if (counts?.rate === undefined || counts.rate === null) return null;
        return (
          <Figure key={outcome} name={name}>
            <span title={`${formatCount(counts.positive)} of ${formatCount(counts.measured)}`}>
              {formatShare(counts.rate)}
            </span>
          </Figure>
        );
      })}
      {cost_per_resolution !== null && (
        <Figure name="Cost per resolution">{formatMoney(cost_per_resolution)}</Figure>
      )}
    </>
  );
}

function Criteria({ useCase }: { useCase: UseCase }) {
  const query = useQuery(useCaseScoresQuery(useProjectId(), useCase.name));
  return (
    <div className="pt-4">
      <Table label="Criteria of quality">
        <TableHead>
          <HeadCell>Criterion</HeadCell>
          <HeadCell numeric>Target</HeadCell>
          <HeadCell numeric>Measured</HeadCell>
          <HeadCell numeric>Scores</HeadCell>
          <HeadCell />
        </TableHead>
        <tbody>
          {useCase.criteria.map((criterion) => (
            <CriterionRow
              key={criterion.name}
              criterion={criterion}
              measured={query.data?.find(({ name }) => name === criterion.name)}
            />
          ))}
        </tbody>
      </Table>
    </div>
  );
}

interface CriterionRowProps {
  criterion: UseCase["criteria"][number];
  measured: Schemas["ScoreMeasuresView"] | undefined;
}

function CriterionRow({ criterion, measured }: CriterionRowProps) {
  const mean = measured?.mean ?? null;
  const reached = mean === null ? null : isReached(criterion, mean);
  return (
    <Row>
      <Cell className="w-full max-w-0 min-w-32 py-1.5">
        <div className="truncate font-medium">{criterion.name}</div>
        <div className="truncate text-xs text-ink-3" title={criterion.description}>
          {criterion.description}
        </div>
      </Cell>
      <Cell numeric className="whitespace-nowrap text-ink-2">
        {targetText(criterion)}
      </Cell>
      <Cell numeric className="font-medium">
        {mean === null ? <span className="font-normal text-ink-3">–</span> : mean.toFixed(3)}
      </Cell>
      <Cell numeric className="text-ink-2">
        {formatCount(measured?.count ?? 0)}
      </Cell>
      <Cell>
        {reached === null ? (
          <Badge>not measured</Badge>
        ) : (
          <Badge tone={reached ? "ok" : "danger"}>{reached ? "reached" : "missed"}</Badge>
        )}
      </Cell>
    </Row>
  );
}
