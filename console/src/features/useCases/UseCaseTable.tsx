import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { callsByUseCaseQuery } from "@/features/useCases/queries";
import { RISK_TONES, STATUS_TONES } from "@/features/useCases/words";
import type { Schemas } from "@/shared/api/client";
import { formatCompactCount, formatShare } from "@/shared/format/number";
import { rolloutState } from "@/shared/releases/arms";
import {
  at,
  comparisonsQuery,
  rolloutsQuery,
  type Comparison,
  type Rollout,
  type UseCase,
} from "@/shared/releases/queries";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { cx } from "@/shared/ui/classes";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { Duration, Money } from "@/shared/ui/Values";

/** Use cases with what answers them and their calls of the last 24 hours. */
export function UseCaseTable({ useCases }: { useCases: readonly UseCase[] }) {
  const projectId = useProjectId();
  const rollouts = useQuery(rolloutsQuery(projectId)).data;
  const comparisons = useQuery(comparisonsQuery(projectId)).data;
  const calls = useQuery(callsByUseCaseQuery(projectId)).data;
  return (
    <Table label="Use cases">
      <TableHead>
        <HeadCell>Name</HeadCell>
        <HeadCell className={FROM_LG}>Owner</HeadCell>
        <HeadCell className={FROM_MD}>Risk</HeadCell>
        <HeadCell>Answers in</HeadCell>
        <HeadCell numeric>
          <span title="In the last 24 hours">Calls</span>
        </HeadCell>
        <HeadCell numeric className={FROM_MD}>
          Errors
        </HeadCell>
        <HeadCell numeric className={FROM_LG}>
          p95
        </HeadCell>
        <HeadCell numeric className={FROM_MD}>
          Cost
        </HeadCell>
      </TableHead>
      <tbody>
        {useCases.map((useCase) => (
          <Row key={useCase.name}>
            <Cell className="w-full max-w-0 min-w-32 py-1.5">
              <UseCaseName useCase={useCase} />
            </Cell>
            <Cell className={`whitespace-nowrap text-ink-2 ${FROM_LG}`}>{useCase.owner}</Cell>
            <Cell className={FROM_MD}>
              <Badge tone={RISK_TONES[useCase.risk_tier]}>{useCase.risk_tier}</Badge>
            </Cell>
            <Cell>
              <Places useCase={useCase} rollouts={rollouts} comparisons={comparisons} />
            </Cell>
            <Measures calls={calls?.get(useCase.name)} />
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function UseCaseName({ useCase }: { useCase: UseCase }) {
  return (
    <div className="min-w-0">
      <div className="flex min-w-0 items-center gap-2">
        <Link
          to="/projects/$projectId/use-cases/$name"
          params={{ projectId: useProjectId(), name: useCase.name }}
          className="truncate font-medium hover:text-accent hover:underline"
        >
          {useCase.name}
        </Link>
        {useCase.status !== "active" && (
          <Badge tone={STATUS_TONES[useCase.status]}>{useCase.status}</Badge>
        )}
      </div>
      <div className="truncate text-xs text-ink-3" title={useCase.purpose}>
        {useCase.purpose}
      </div>
    </div>
  );
}

interface PlacesProps {
  useCase: UseCase;
  rollouts: readonly Rollout[] | undefined;
  comparisons: readonly Comparison[] | undefined;
}

/** The environments in which a release answers, each with the state of its rollout. */
function Places({ useCase, rollouts, comparisons }: PlacesProps) {
  const projectId = useProjectId();
  const running = useCase.environments.flatMap(({ name: environment }) => {
    const rollout = at(rollouts, useCase.name, environment);
    const comparison = at(comparisons, useCase.name, environment);
    return rollout ? [{ environment, state: rolloutState(rollout, comparison) }] : [];
  });
  if (rollouts && running.length === 0) return <span className="text-xs text-ink-3">nowhere</span>;
  return (
    <span className="flex gap-1 max-md:flex-wrap">
      {running.map(({ environment, state }) => (
        <Link
          key={environment}
          to="/projects/$projectId/rollouts/$useCase/$environment"
          params={{ projectId, useCase: useCase.name, environment }}
          title={`${environment}: ${state.name}`}
          className="rounded-sm hover:opacity-80"
        >
          <Badge tone={state.name === "full" ? "neutral" : state.tone}>
            {environment}
            {state.name !== "full" && <span className="font-normal">{state.name}</span>}
          </Badge>
        </Link>
      ))}
    </span>
  );
}

function Measures({ calls }: { calls: Schemas["GroupOut"] | undefined }) {
  if (!calls) {
    return ["", FROM_MD, FROM_LG, FROM_MD].map((width, column) => (
      <Cell key={column} numeric className={cx("text-ink-3", width)}>
        –
      </Cell>
    ));
  }
  return (
    <>
      <Cell numeric>{formatCompactCount(calls.requests)}</Cell>
      <Cell numeric className={cx(calls.errors > 0 ? "text-danger" : "text-ink-3", FROM_MD)}>
        {formatShare(calls.errors / calls.requests)}
      </Cell>
      <Cell numeric className={FROM_LG}>
        <Duration ms={calls.latency_ms?.p95 ?? null} />
      </Cell>
      <Cell numeric className={FROM_MD}>
        <Money amount={calls.cost} />
      </Cell>
    </>
  );
}
