import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { onlineListQuery, type OnlineEvaluation } from "@/features/evaluations/online/queries";
import { PeriodBudget } from "@/features/evaluations/PeriodBudget";
import { filterText, onlineState, shareText } from "@/features/evaluations/online/words";
import { formatCount } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

/** The online evaluations of a project with their counts of the last seven days. */
export function OnlineList() {
  const query = useInfiniteQuery(onlineListQuery(useProjectId()));
  const found = query.data?.pages.flatMap(({ items }) => items);
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!found) return <SkeletonRows rows={6} />;
  if (found.length === 0) {
    return (
      <EmptyState title="No live traffic is evaluated yet">
        An online evaluation measures a sample of the calls some time after they were answered, with
        evaluators that need no expected answer. It has a daily cap, and a budget for judges.
      </EmptyState>
    );
  }
  return (
    <>
      <Table label="Online evaluations">
        <TableHead>
          <HeadCell>Name</HeadCell>
          <HeadCell>State</HeadCell>
          <HeadCell className={`w-full ${FROM_MD}`}>Calls</HeadCell>
          <HeadCell className={FROM_LG}>Evaluators</HeadCell>
          <HeadCell numeric>Share</HeadCell>
          <HeadCell numeric>Measured</HeadCell>
          <HeadCell numeric className={FROM_MD}>
            Judges
          </HeadCell>
        </TableHead>
        <tbody>
          {found.map((each) => (
            <OnlineRow key={each.name} found={each} />
          ))}
        </tbody>
      </Table>
      <p className="pt-2 text-xs text-ink-3">Counts are of the last seven days.</p>
      <ShowMore query={query} />
    </>
  );
}

function OnlineRow({ found }: { found: OnlineEvaluation }) {
  const projectId = useProjectId();
  const { measured, eligible } = found.counts;
  return (
    <Row>
      <Cell className="whitespace-nowrap">
        <Link
          to="/projects/$projectId/evaluations/_online/$name"
          params={{ projectId, name: found.name }}
          className="font-medium hover:text-accent hover:underline"
        >
          {found.name}
        </Link>
      </Cell>
      <Cell>
        <OnlineState found={found} />
      </Cell>
      <Cell className={`max-w-0 truncate text-ink-2 ${FROM_MD}`}>{filterText(found)}</Cell>
      <Cell className={`max-w-64 truncate ${FROM_LG}`}>
        {found.evaluators.map(({ name }) => name).join(", ")}
      </Cell>
      <Cell numeric>{shareText(found.share)}</Cell>
      <Cell numeric className="whitespace-nowrap">
        {formatCount(measured)}
        <span className="text-ink-3"> of {formatCount(eligible)}</span>
      </Cell>
      <Cell numeric className={`whitespace-nowrap ${FROM_MD}`}>
        <PeriodBudget found={found} none="no judges" />
      </Cell>
    </Row>
  );
}

export function OnlineState({ found }: { found: OnlineEvaluation }) {
  const { tone, name, why } = onlineState(found);
  return (
    <span title={why}>
      <Badge tone={tone}>{name}</Badge>
    </span>
  );
}
