import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { rulesQuery } from "@/features/datasets/queries";
import { ruleText } from "@/features/datasets/rules/ruleForm";
import { RuleState } from "@/shared/ui/RuleState";
import { formatCount } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

/** The rules of all datasets with what they have added. */
export function RuleList() {
  const projectId = useProjectId();
  const query = useInfiniteQuery(rulesQuery(projectId, ""));
  const rules = query.data?.pages.flatMap(({ items }) => items);
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!rules) return <SkeletonRows rows={6} />;
  if (rules.length === 0) {
    return (
      <EmptyState title="No rules yet">
        A rule adds recorded calls to a dataset again and again. Add one on the page of a dataset.
      </EmptyState>
    );
  }
  return (
    <>
      <Table label="Rules">
        <TableHead>
          <HeadCell>Dataset</HeadCell>
          <HeadCell>State</HeadCell>
          <HeadCell className={`w-full ${FROM_MD}`}>Calls</HeadCell>
          <HeadCell numeric>Added</HeadCell>
          <HeadCell numeric>Today</HeadCell>
          <HeadCell className={FROM_MD}>Last time</HeadCell>
        </TableHead>
        <tbody>
          {rules.map((rule) => (
            <Row key={rule.dataset}>
              <Cell className="whitespace-nowrap">
                <Link
                  to="/projects/$projectId/datasets/$name"
                  params={{ projectId, name: rule.dataset }}
                  className="font-medium hover:text-accent hover:underline"
                >
                  {rule.dataset}
                </Link>
              </Cell>
              <Cell className="whitespace-nowrap">
                <RuleState rule={rule} paused={!rule.enabled} />
              </Cell>
              <Cell className={`max-w-0 truncate text-ink-2 ${FROM_MD}`}>{ruleText(rule)}</Cell>
              <Cell numeric>{formatCount(rule.added)}</Cell>
              <Cell numeric className="whitespace-nowrap">
                {formatCount(rule.added_today)}
                <span className="text-ink-3"> of {formatCount(rule.daily_cap)}</span>
              </Cell>
              <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>
                {rule.last_run_at ? <RelativeTime at={rule.last_run_at} /> : "not yet"}
              </Cell>
            </Row>
          ))}
        </tbody>
      </Table>
      <ShowMore query={query} />
    </>
  );
}
