import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { PeriodBudget } from "@/features/evaluations/PeriodBudget";
import { RunStateBadge } from "@/features/evaluations/RunTable";
import { schedulesQuery, type Schedule } from "@/features/evaluations/schedules/queries";
import { scheduleTone, startTexts, targetText } from "@/features/evaluations/schedules/words";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

/** The schedules of a project: what starts runs, when next, and how the last one ended. */
export function ScheduleList() {
  const query = useInfiniteQuery(schedulesQuery(useProjectId()));
  const found = query.data?.pages.flatMap(({ items }) => items);
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!found) return <SkeletonRows rows={6} />;
  if (found.length === 0) {
    return (
      <EmptyState title="No schedules yet">
        A schedule starts runs at times, such as each night, and after changes: a new version of a
        prompt or dataset, a label that moves, a new release. It has a budget.
      </EmptyState>
    );
  }
  return (
    <>
      <Table label="Schedules">
        <TableHead>
          <HeadCell>Name</HeadCell>
          <HeadCell>State</HeadCell>
          <HeadCell className={FROM_LG}>Measures</HeadCell>
          <HeadCell className={`w-full ${FROM_MD}`}>Starts</HeadCell>
          <HeadCell className={FROM_MD}>Next</HeadCell>
          <HeadCell>Last run</HeadCell>
          <HeadCell numeric className={FROM_MD}>
            Spent
          </HeadCell>
        </TableHead>
        <tbody>
          {found.map((each) => (
            <ScheduleRow key={each.name} found={each} />
          ))}
        </tbody>
      </Table>
      <ShowMore query={query} />
    </>
  );
}

function ScheduleRow({ found }: { found: Schedule }) {
  const projectId = useProjectId();
  const starts = startTexts(found).join(" · ");
  const measured = `${targetText(found.target)} on ${found.dataset}`;
  return (
    <Row>
      <Cell className="max-w-36 truncate sm:max-w-80">
        <Link
          to="/projects/$projectId/evaluations/_schedules/$name"
          params={{ projectId, name: found.name }}
          title={found.name}
          className="font-medium hover:text-accent hover:underline"
        >
          {found.name}
        </Link>
      </Cell>
      <Cell>
        <ScheduleState found={found} />
      </Cell>
      <Cell className={`max-w-60 truncate ${FROM_LG}`}>
        <span title={measured}>{measured}</span>
      </Cell>
      <Cell className={`max-w-0 truncate text-ink-2 ${FROM_MD}`}>
        <span title={starts}>{starts}</span>
      </Cell>
      <Cell className={`whitespace-nowrap ${FROM_MD}`}>
        {found.next_at ? (
          <RelativeTime at={found.next_at} />
        ) : (
          <span className="text-ink-3">–</span>
        )}
      </Cell>
      <Cell className="whitespace-nowrap">
        <LastRun found={found} />
      </Cell>
      <Cell numeric className={`whitespace-nowrap ${FROM_MD}`}>
        <PeriodBudget found={found} none="no budget" />
      </Cell>
    </Row>
  );
}

/** Whether a schedule works; what stops it as tooltip. */
export function ScheduleState({ found }: { found: Schedule }) {
  return (
    <span title={found.error}>
      <Badge tone={scheduleTone(found)}>{found.state}</Badge>
    </span>
  );
}

/** How the last run of a schedule has ended, linked to it. */
export function LastRun({ found }: { found: Schedule }) {
  const { run_id, run_state } = found;
  if (!run_id) return <span className="text-ink-3">none yet</span>;
  if (!run_state) return <span className="text-ink-3">removed</span>;
  return <RunStateBadge id={run_id} state={run_state} />;
}
