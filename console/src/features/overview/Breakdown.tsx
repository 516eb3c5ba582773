import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";

import { pricedCost } from "@/features/overview/metrics";
import type { Schemas } from "@/shared/api/client";
import { useValueName } from "@/shared/calls/names";
import type { CallSearch, Dimension } from "@/shared/calls/search";
import { moneyDecimals } from "@/shared/format/money";
import { formatCount, formatShare } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { CallCost, Duration } from "@/shared/ui/Values";

type Group = Schemas["GroupOut"];

const GROUPINGS = [
  { dimension: "model", field: "by_model", name: "Model" },
  { dimension: "provider", field: "by_provider", name: "Provider" },
  { dimension: "team", field: "by_team", name: "Team" },
  { dimension: "use_case", field: "by_use_case", name: "Use case" },
  { dimension: "key_id", field: "by_key", name: "Key" },
] as const satisfies readonly {
  dimension: Dimension;
  field: keyof Schemas["OverviewOut"];
  name: string;
}[];

interface BreakdownProps {
  overview: Schemas["OverviewOut"];
  search: CallSearch;
}

/** Metrics grouped by model, team and so on; each row links to its calls. */
export function Breakdown({ overview, search }: BreakdownProps) {
  const [grouping, setGrouping] = useState<(typeof GROUPINGS)[number]>(GROUPINGS[0]);
  const groups = overview[grouping.field];
  const decimals = moneyDecimals(groups.map((group) => group.cost));
  return (
    <section aria-label="Breakdown" className="pt-10">
      <div className="mb-1 flex items-center gap-2">
        <h2 className="text-sm font-medium">By</h2>
        <SegmentedControl
          label="Break down by"
          options={GROUPINGS.map(({ field, name }) => ({ value: field, name }))}
          value={grouping.field}
          onChange={(field) =>
            setGrouping(GROUPINGS.find((each) => each.field === field) ?? GROUPINGS[0])
          }
        />
      </div>
      <Table label={`By ${grouping.name.toLowerCase()}`}>
        <TableHead>
          <HeadCell>{grouping.name}</HeadCell>
          <HeadCell numeric>Calls</HeadCell>
          <HeadCell numeric>Errors</HeadCell>
          <HeadCell numeric>p50</HeadCell>
          <HeadCell numeric>p95</HeadCell>
          <HeadCell numeric>First token</HeadCell>
          <HeadCell numeric>Tokens in</HeadCell>
          <HeadCell numeric>Tokens out</HeadCell>
          <HeadCell numeric>Cost</HeadCell>
          <HeadCell className="w-[140px]">Share of cost</HeadCell>
        </TableHead>
        <tbody>
          {groups.map((group) => (
            <GroupRow
              key={group.value}
              group={group}
              dimension={grouping.dimension}
              search={search}
              decimals={decimals}
              share={Number(group.cost) / (Number(overview.totals.cost) || 1)}
            />
          ))}
        </tbody>
      </Table>
    </section>
  );
}

interface GroupRowProps {
  group: Group;
  dimension: Dimension;
  search: CallSearch;
  decimals: number;
  share: number;
}

function GroupRow({ group, dimension, search, decimals, share }: GroupRowProps) {
  const calls = { ...search, [dimension]: [group.value] };
  const name = useValueName()(dimension, group.value);
  return (
    <Row>
      <Cell className="max-w-72 truncate">
        <CallsLink calls={calls}>
          {name ? (
            <span className="font-medium">{name}</span>
          ) : (
            <span className="text-ink-3">none</span>
          )}
        </CallsLink>
      </Cell>
      <Cell numeric>
        <CallsLink calls={calls}>{formatCount(group.requests)}</CallsLink>
      </Cell>
      <Cell numeric className={group.errors ? "text-danger" : "text-ink-3"}>
        <CallsLink calls={{ ...calls, errors_only: true }}>
          {formatShare(group.requests ? group.errors / group.requests : 0)}
        </CallsLink>
      </Cell>
      <Cell numeric>
        <Duration ms={group.latency_ms?.p50 ?? null} />
      </Cell>
      <Cell numeric>
        <CallsLink calls={{ ...calls, min_duration_ms: group.latency_ms?.p95 }}>
          <Duration ms={group.latency_ms?.p95 ?? null} />
        </CallsLink>
      </Cell>
      <Cell numeric>
        <Duration ms={group.ttft_ms?.p50 ?? null} />
      </Cell>
      <Cell numeric>{formatCount(group.input_tokens)}</Cell>
      <Cell numeric>{formatCount(group.output_tokens)}</Cell>
      <Cell numeric>
        <CallCost
          amount={pricedCost(group)}
          tokens={group.input_tokens + group.output_tokens}
          decimals={decimals}
        />
      </Cell>
      <Cell>
        <Share share={share} />
      </Cell>
    </Row>
  );
}

/** Links a number to its calls. */
function CallsLink({ calls, children }: { calls: CallSearch; children: ReactNode }) {
  return (
    <Link
      to="/projects/$projectId/traces"
      params={{ projectId: useProjectId() }}
      search={calls}
      className="hover:text-accent hover:underline"
    >
      {children}
    </Link>
  );
}

function Share({ share }: { share: number }) {
  return (
    <div className="flex items-center gap-2">
      <div className="h-1.5 flex-1 bg-hover">
        <div className="h-full bg-chart-1" style={{ width: `${share * 100}%` }} />
      </div>
      <span className="num w-10 text-right text-xs text-ink-2">{formatShare(share)}</span>
    </div>
  );
}
