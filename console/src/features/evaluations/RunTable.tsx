import { Link } from "@tanstack/react-router";

import type { Run } from "@/features/evaluations/queries";
import { RunProgress } from "@/features/evaluations/RunProgress";
import { Target } from "@/features/evaluations/Target";
import { runName, runState } from "@/features/evaluations/words";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { Money, RelativeTime } from "@/shared/ui/Values";

interface RunTableProps {
  runs: readonly Run[];
  selected: readonly string[];
  onSelect: (id: string) => void;
}

export function RunTable({ runs, selected, onSelect }: RunTableProps) {
  return (
    <Table label="Runs">
      <TableHead>
        <HeadCell className="w-px" />
        <HeadCell className="w-full">Run</HeadCell>
        <HeadCell>State</HeadCell>
        <HeadCell className={FROM_MD}>Dataset</HeadCell>
        <HeadCell className={FROM_LG}>Target</HeadCell>
        <HeadCell numeric>Results</HeadCell>
        <HeadCell numeric className={FROM_MD}>
          Cost
        </HeadCell>
        <HeadCell className={FROM_MD}>Started</HeadCell>
      </TableHead>
      <tbody>
        {runs.map((run) => (
          <Row key={run.id}>
            <Cell>
              <input
                type="checkbox"
                aria-label={`Compare ${runName(run)}`}
                className="block size-4 accent-[var(--accent)]"
                checked={selected.includes(run.id)}
                onChange={() => onSelect(run.id)}
              />
            </Cell>
            <Cell className="max-w-0 min-w-32">
              <div className="truncate" title={run.label || run.id}>
                <RunLink run={run} />
              </div>
            </Cell>
            <Cell>
              <StateBadge run={run} />
            </Cell>
            <Cell className={`whitespace-nowrap ${FROM_MD}`}>
              {run.dataset}
              <span className="num text-ink-3">@{run.version}</span>
            </Cell>
            <Cell className={`max-w-64 whitespace-nowrap ${FROM_LG}`}>
              <Target run={run} />
            </Cell>
            <Cell numeric>
              <RunProgress run={run} />
            </Cell>
            <Cell numeric className={FROM_MD}>
              <Money amount={String(run.progress.cost_usd)} />
            </Cell>
            <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>
              <RelativeTime at={run.created_at} />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

export function RunLink({ run }: { run: Pick<Run, "id" | "label"> }) {
  return (
    <Link
      to="/projects/$projectId/evaluations/$run"
      params={{ projectId: useProjectId(), run: run.id }}
      className="font-medium hover:text-accent hover:underline"
    >
      {runName(run)}
    </Link>
  );
}

interface RunStateBadgeProps {
  id: string;
  state: Run["state"];
}

/** The state of a run, which leads to it. */
export function RunStateBadge({ id, state }: RunStateBadgeProps) {
  const { tone, name } = runState(state);
  return (
    <Link
      to="/projects/$projectId/evaluations/$run"
      params={{ projectId: useProjectId(), run: id }}
      title="Open the run"
    >
      <Badge tone={tone}>{name}</Badge>
    </Link>
  );
}

export function StateBadge({ run }: { run: Run }) {
  const { tone, name } = runState(run.state);
  return (
    <span title={run.error}>
      <Badge tone={tone}>{name}</Badge>
    </span>
  );
}
