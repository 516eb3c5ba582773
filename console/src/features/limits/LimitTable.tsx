import { Link } from "@tanstack/react-router";

import { describeAmount, formatAmount, hasWindow } from "@/features/limits/measures";
import type { Limit, LimitUse } from "@/features/limits/queries";
import { Scope } from "@/shared/calls/Scope";
import { shareOf, stateOf, type LimitState } from "@/features/limits/state";
import { UseBar } from "@/features/limits/UseBar";
import { formatShare } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";
import { MenuItem } from "@/shared/ui/Menu";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { useNow } from "@/shared/ui/useNow";
import { RelativeTime } from "@/shared/ui/Values";

export const TONES = { neutral: "text-ink-2", warn: "text-warn", danger: "text-danger" };

interface LimitTableProps {
  limits: readonly Limit[];
  /** Left out for users who may not change limits. */
  actions?: { onEdit: (limit: Limit) => void; onRemove: (limit: Limit) => void };
}

export function LimitTable({ limits, actions }: LimitTableProps) {
  return (
    <Table label="Limits">
      <TableHead>
        <HeadCell>Name</HeadCell>
        <HeadCell className={FROM_MD}>Limit</HeadCell>
        <HeadCell>Used</HeadCell>
        <HeadCell className={FROM_MD}>Forecast</HeadCell>
        <HeadCell className={FROM_LG}>Resets</HeadCell>
        <HeadCell />
      </TableHead>
      <tbody>
        {limits.map((limit) => (
          <LimitRow key={limit.id} limit={limit} actions={actions} />
        ))}
      </tbody>
    </Table>
  );
}

interface LimitRowProps {
  limit: Limit;
  actions: LimitTableProps["actions"];
}

function LimitRow({ limit, actions }: LimitRowProps) {
  const now = useNow();
  const state = limit.use && stateOf(limit, limit.use, now);
  return (
    <Row>
      <Cell className="w-full max-w-0 min-w-36 py-1.5">
        <Link
          to="/projects/$projectId/limits/$limitId"
          params={{ projectId: useProjectId(), limitId: limit.id }}
          title={limit.name}
          className="block truncate font-medium hover:text-accent hover:underline"
        >
          {limit.name}
        </Link>
        <div className="truncate text-xs text-ink-2">
          <Scope only={limit.only} per={limit.per} />
        </div>
        <div className="num truncate text-xs text-ink-2 md:hidden">{describeAmount(limit)}</div>
      </Cell>
      <Cell className={cx("num whitespace-nowrap", FROM_MD)}>{describeAmount(limit)}</Cell>
      <Cell className="w-40 max-w-40 min-w-28">
        {limit.use ? <Used limit={limit} use={limit.use} state={state} /> : <Several />}
      </Cell>
      <Cell className={cx("num whitespace-nowrap", FROM_MD)}>
        <StateText state={state} />
      </Cell>
      <Cell className={cx("whitespace-nowrap text-ink-2", FROM_LG)}>
        {limit.use?.resets_at ? (
          <RelativeTime at={limit.use.resets_at} />
        ) : (
          <span className="text-ink-3">
            {limit.window === null || hasWindow(limit) ? "–" : "refills steadily"}
          </span>
        )}
      </Cell>
      <Cell className="w-px">
        {actions && (
          <RowMenu subject={limit.name}>
            <MenuItem onSelect={() => actions.onEdit(limit)}>Edit…</MenuItem>
            <DangerMenuItem onSelect={() => actions.onRemove(limit)}>Remove…</DangerMenuItem>
          </RowMenu>
        )}
      </Cell>
    </Row>
  );
}

interface UsedProps {
  limit: Limit;
  use: LimitUse;
  state: LimitState | null;
}

function Used({ limit, use, state }: UsedProps) {
  const share = shareOf(limit.amount, use);
  const amount = limit.measure === "concurrency" ? use.reserved : use.used;
  return (
    <div className="flex flex-col gap-1">
      <div className="num flex justify-between gap-2 text-xs">
        <span>{formatAmount(limit.measure, amount)}</span>
        <span className={cx(TONES[state?.tone ?? "neutral"])}>
          {Number.isFinite(share) ? formatShare(share) : "above"}
        </span>
      </div>
      <UseBar amount={limit.amount} use={use} tone={state?.tone ?? "neutral"} />
    </div>
  );
}

/** A limit with a counter for each value has no single use. */
function Several() {
  return <span className="text-xs whitespace-nowrap text-ink-3">a counter for each</span>;
}

function StateText({ state }: { state: LimitState | null }) {
  if (!state) return <span className="text-ink-3">–</span>;
  return <span className={TONES[state.tone]}>{state.text}</span>;
}
