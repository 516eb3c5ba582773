import type { TargetUsage } from "@/features/routes/queries";
import type { RouteRange } from "@/features/routes/search";
import { usageRows, type UsageRow } from "@/features/routes/usage";
import type { Route } from "@/shared/calls/routes";
import { CallsLink } from "@/shared/calls/CallsLink";
import type { CallSearch } from "@/shared/calls/search";
import { formatCount, formatShare } from "@/shared/format/number";
import { cx } from "@/shared/ui/classes";
import { Cell, FROM_LG, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { Duration } from "@/shared/ui/Values";

interface RouteUsageProps {
  route: Route;
  usage: readonly TargetUsage[];
  range: RouteRange;
}

/** How the attempts at each target went. */
export function RouteUsage({ route, usage, range }: RouteUsageProps) {
  return (
    <Table label="Attempts by target">
      <TableHead>
        <HeadCell>Target</HeadCell>
        <HeadCell numeric>Attempts</HeadCell>
        <HeadCell numeric>Failed</HeadCell>
        <HeadCell className={FROM_LG}>Errors</HeadCell>
        <HeadCell numeric className={FROM_MD}>
          p50
        </HeadCell>
        <HeadCell numeric>p95</HeadCell>
        <HeadCell numeric className={FROM_MD}>
          Calls ended here
        </HeadCell>
      </TableHead>
      <tbody>
        {usageRows(route.targets, usage).map((row) => (
          <TargetRow key={`${row.provider}/${row.model}`} row={row} route={route} range={range} />
        ))}
      </tbody>
    </Table>
  );
}

interface TargetRowProps {
  row: UsageRow;
  route: Route;
  range: RouteRange;
}

function TargetRow({ row, route, range }: TargetRowProps) {
  const { provider, model, usage } = row;
  const calls = { request_model: [route.name], provider: [provider], model: [model], range };
  return (
    <Row>
      <Cell className="w-full max-w-0 min-w-28">
        <TargetName row={row} />
      </Cell>
      {usage ? (
        <Measures usage={usage} calls={calls} />
      ) : (
        ["", "", FROM_LG, FROM_MD, "", FROM_MD].map((width, column) => (
          <Cell key={column} numeric={width !== FROM_LG} className={cx("text-ink-3", width)}>
            –
          </Cell>
        ))
      )}
    </Row>
  );
}

function TargetName({ row: { provider, model, isTarget } }: { row: UsageRow }) {
  return (
    <div className="flex min-w-0 items-baseline gap-2">
      <span className="truncate font-mono text-xs" title={`${provider}/${model}`}>
        <span className="text-ink-3">{provider}/</span>
        {model}
      </span>
      {!isTarget && <span className="shrink-0 text-xs text-ink-3">not a target any more</span>}
    </div>
  );
}

function Measures({ usage, calls }: { usage: TargetUsage; calls: CallSearch }) {
  return (
    <>
      <Cell numeric>{formatCount(usage.attempts)}</Cell>
      <Cell numeric className={usage.errors > 0 ? "text-danger" : "text-ink-3"}>
        {formatShare(usage.errors / usage.attempts)}
      </Cell>
      <Cell className={cx("text-xs whitespace-nowrap text-ink-2", FROM_LG)}>
        <ErrorTypes types={usage.error_types} />
      </Cell>
      <Cell numeric className={FROM_MD}>
        <Duration ms={usage.latency_ms?.p50 ?? null} />
      </Cell>
      <Cell numeric>
        <Duration ms={usage.latency_ms?.p95 ?? null} />
      </Cell>
      <Cell numeric className={FROM_MD}>
        <CallsLink calls={calls}>{formatCount(usage.calls)}</CallsLink>
      </Cell>
    </>
  );
}

const SHOWN_TYPES = 2;

function ErrorTypes({ types }: { types: TargetUsage["error_types"] }) {
  const sorted = Object.entries(types).sort(([, one], [, other]) => other - one);
  if (sorted.length === 0) return <span className="text-ink-3">–</span>;
  const texts = sorted.map(([type, count]) => `${type || "unknown"} ${formatCount(count)}`);
  return (
    <span className="num" title={texts.join("\n")}>
      {texts.slice(0, SHOWN_TYPES).join(", ")}
      {texts.length > SHOWN_TYPES && ` +${texts.length - SHOWN_TYPES}`}
    </span>
  );
}
