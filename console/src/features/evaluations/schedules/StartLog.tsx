import { useQuery } from "@tanstack/react-query";

import { RunLink, RunStateBadge } from "@/features/evaluations/RunTable";
import { startsQuery, type ScheduleStart } from "@/features/evaluations/schedules/queries";
import { outcomeTone } from "@/features/evaluations/schedules/words";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

/** The runs that a schedule has started, and what it has skipped or could not start. */
export function StartLog({ name }: { name: string }) {
  const query = useQuery(startsQuery(useProjectId(), name));
  return (
    <section aria-label="Starts" className="pt-6">
      <h2 className="mb-1 text-sm font-medium">Starts</h2>
      <QueryContent query={query}>
        {(starts) =>
          starts.length === 0 ? (
            <p className="text-sm text-ink-2">Nothing has started yet.</p>
          ) : (
            <StartTable starts={starts} />
          )
        }
      </QueryContent>
    </section>
  );
}

function StartTable({ starts }: { starts: readonly ScheduleStart[] }) {
  return (
    <Table label="Starts">
      <TableHead>
        <HeadCell>When</HeadCell>
        <HeadCell>Outcome</HeadCell>
        <HeadCell className="w-full">Run</HeadCell>
        <HeadCell className={FROM_MD}>Cause</HeadCell>
      </TableHead>
      <tbody>
        {starts.map((start) => (
          <Row key={`${start.at} ${start.cause}`}>
            <Cell className="whitespace-nowrap text-ink-2">
              <RelativeTime at={start.at} />
            </Cell>
            <Cell>
              <Badge tone={outcomeTone(start)}>{start.outcome}</Badge>
            </Cell>
            <Cell className="py-1">
              <RunOf start={start} />
            </Cell>
            <Cell className={`max-w-96 truncate text-ink-2 ${FROM_MD}`}>
              <span title={start.cause}>{start.cause}</span>
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

/** The run of a start, or why there is none. */
function RunOf({ start: { run_id, run_state, outcome, reason } }: { start: ScheduleStart }) {
  if (outcome !== "started") return <span className="text-ink-2">{reason}</span>;
  if (!run_state) return <span className="text-ink-3">removed</span>;
  return (
    <span className="flex flex-wrap items-center gap-2">
      <RunLink run={{ id: run_id, label: "" }} />
      <RunStateBadge id={run_id} state={run_state} />
    </span>
  );
}
