import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

import type { RolloutsSearch } from "@/features/rollouts/search";
import { hasWords } from "@/shared/format/words";
import {
  at,
  comparisonsQuery,
  rolloutsQuery,
  type Comparison,
  type Rollout,
} from "@/shared/releases/queries";
import { ArmList, RolloutBadge, RolloutLink } from "@/shared/releases/RolloutSummary";
import { useProjectId } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";
import { SearchInput } from "@/shared/ui/SearchInput";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

const FROM = "/signed-in/projects/$projectId/rollouts";
const MAX_ENVIRONMENTS = 5; // that have a button

/** What answers calls now, by use case and environment: comparisons first. */
export function RolloutsPage() {
  const projectId = useProjectId();
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: "/projects/$projectId/rollouts" });
  const query = useQuery(rolloutsQuery(projectId));
  const comparisons = useQuery(comparisonsQuery(projectId)).data;
  const change = useCallback(
    (part: RolloutsSearch) =>
      void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  );
  const find = useCallback((q: string) => change({ q: q || undefined }), [change]);
  return (
    <Page title="Rollouts">
      <QueryContent query={query}>
        {(rollouts) => {
          if (rollouts.length === 0) return <NoRollouts />;
          const shown = rollouts.filter((each) => matches(each, search));
          return (
            <>
              <div className="flex min-h-12 flex-wrap items-center gap-x-4 gap-y-2 pb-2">
                <SearchInput label="Search use cases" value={search.q ?? ""} onChange={find} />
                <SegmentedControl
                  label="Environment"
                  options={environmentsOf(rollouts)}
                  value={search.environment ?? ""}
                  onChange={(environment) => change({ environment: environment || undefined })}
                />
                <span className="num ml-auto text-xs text-ink-3">
                  {shown.length} of {rollouts.length}
                </span>
              </div>
              {shown.length === 0 ? (
                <EmptyState title="No rollouts found">Try other words.</EmptyState>
              ) : (
                <RolloutTable rollouts={shown} comparisons={comparisons} />
              )}
            </>
          );
        }}
      </QueryContent>
    </Page>
  );
}

function NoRollouts() {
  return (
    <EmptyState title="No rollouts yet">
      A rollout says which release answers the calls of a use case in an environment: one, or
      several side by side. Open a use case to start one.
    </EmptyState>
  );
}

function matches({ use_case, environment }: Rollout, search: RolloutsSearch): boolean {
  const isHere = !search.environment || environment === search.environment;
  return isHere && hasWords(use_case, search.q ?? "");
}

function environmentsOf(rollouts: readonly Rollout[]) {
  const names = [...new Set(rollouts.map(({ environment }) => environment))].sort();
  const shown = names.slice(0, MAX_ENVIRONMENTS);
  return [{ value: "", name: "All" }, ...shown.map((name) => ({ value: name, name }))];
}

interface RolloutTableProps {
  rollouts: readonly Rollout[];
  comparisons: readonly Comparison[] | undefined;
}

function RolloutTable({ rollouts, comparisons }: RolloutTableProps) {
  const several = (rollout: Rollout) => Number(rollout.arms.length > 1);
  const sorted = [...rollouts].sort((one, other) => several(other) - several(one));
  return (
    <Table label="Rollouts">
      <TableHead>
        <HeadCell>Use case</HeadCell>
        <HeadCell>Environment</HeadCell>
        <HeadCell>State</HeadCell>
        <HeadCell className="w-full">Releases</HeadCell>
        <HeadCell className={FROM_MD}>Changed</HeadCell>
      </TableHead>
      <tbody>
        {sorted.map((rollout) => (
          <Row key={`${rollout.use_case}/${rollout.environment}`}>
            <Cell className="whitespace-nowrap">
              <RolloutLink useCase={rollout.use_case} environment={rollout.environment}>
                {rollout.use_case}
              </RolloutLink>
            </Cell>
            <Cell className="text-ink-2">{rollout.environment}</Cell>
            <Cell>
              <RolloutBadge
                rollout={rollout}
                comparison={at(comparisons, rollout.use_case, rollout.environment)}
              />
            </Cell>
            <Cell className="max-w-0 min-w-40">
              <ArmList rollout={rollout} />
            </Cell>
            <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>
              <RelativeTime at={rollout.updated_at} />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
