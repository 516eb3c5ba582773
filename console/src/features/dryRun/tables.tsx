import { Link } from "@tanstack/react-router";

import type { ExplainedLimit, ExplainedTarget } from "@/features/dryRun/queries";
import { formatMoney } from "@/shared/format/money";
import { formatCount } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

/** Targets in the order in which they would be tried. */
export function TargetTable({ targets }: { targets: readonly ExplainedTarget[] }) {
  return (
    <Table label="Targets">
      <TableHead>
        <HeadCell>Target</HeadCell>
        <HeadCell>Tried</HeadCell>
        <HeadCell numeric className={FROM_MD}>
          Tokens
        </HeadCell>
        <HeadCell numeric>Cost at most</HeadCell>
      </TableHead>
      <tbody>
        {targets.map((target, index) => (
          <TargetRow
            key={`${target.provider}/${target.model}`}
            target={target}
            position={index + 1}
          />
        ))}
      </tbody>
    </Table>
  );
}

interface TargetRowProps {
  target: ExplainedTarget;
  position: number;
}

function TargetRow({ target, position }: TargetRowProps) {
  const { provider, model, translated, dialect, changes, problem } = target;
  return (
    <Row className="align-top">
      <Cell className="w-full max-w-0 min-w-24 py-2">
        <div className="truncate font-mono text-xs" title={`${provider}/${model}`}>
          <span className="text-ink-3">{provider}/</span>
          {model}
        </div>
        {translated && (
          <div className="text-xs break-words text-ink-2">
            translated to {dialect}
            {changes.length > 0 && <span className="font-mono"> {changes.join(", ")}</span>}
          </div>
        )}
        <InProgress target={target} />
        {problem && <div className="text-xs break-words text-danger">{problem.message}</div>}
      </Cell>
      <Cell className="py-2 text-xs whitespace-nowrap">
        <Tried target={target} position={position} />
      </Cell>
      <Cell numeric className={`py-2 text-xs whitespace-nowrap ${FROM_MD}`}>
        {formatCount(target.input_tokens)} in, {formatCount(target.output_tokens)} out
      </Cell>
      <Cell numeric className="py-2 text-xs whitespace-nowrap">
        {target.cost ? formatMoney(target.cost) : <span className="text-ink-3">unpriced</span>}
      </Cell>
    </Row>
  );
}

/** The calls at a provider with a limit of calls at once. */
function InProgress({ target: { calls, max_calls, waiting } }: Pick<TargetRowProps, "target">) {
  if (!max_calls) return null;
  return (
    <div className="num text-xs text-ink-2">
      {calls} of {max_calls} calls at once{waiting ? `, ${waiting} wait` : ""}
    </div>
  );
}

function Tried({ target: { after, admits, reached }, position }: TargetRowProps) {
  if (!admits) return <Badge tone="danger">not now</Badge>;
  if (after.length > 0)
    return <>after {after.map((cause) => cause.replace("_", " ")).join(", ")}</>;
  if (!reached) return <span className="text-ink-3">no attempt left</span>;
  return <span className="num">as number {position}</span>;
}

/** The limits that count the request, with what it would reserve. */
export function LimitTable({ limits }: { limits: readonly ExplainedLimit[] }) {
  const projectId = useProjectId();
  return (
    <Table label="Limits">
      <TableHead>
        <HeadCell>Name</HeadCell>
        <HeadCell numeric>Reserves</HeadCell>
        <HeadCell numeric>Left</HeadCell>
        <HeadCell />
      </TableHead>
      <tbody>
        {limits.map((limit) => (
          <Row key={limit.id + limit.values.join("\n")}>
            <Cell className="w-full max-w-0 min-w-24">
              <Link
                to="/projects/$projectId/limits/$limitId"
                params={{ projectId, limitId: limit.id }}
                search={limit.values.length > 0 ? { value: limit.values } : {}}
                title={limit.name}
                className="block truncate hover:text-accent hover:underline"
              >
                {limit.name}
                {limit.values.length > 0 && (
                  <span className="text-ink-3"> {limit.values.map(textOf).join(", ")}</span>
                )}
              </Link>
            </Cell>
            <Cell numeric className="whitespace-nowrap">
              {amount(limit, limit.reserves)}
            </Cell>
            <Cell numeric className="whitespace-nowrap">
              {amount(limit, limit.left)}
            </Cell>
            <Cell className="w-px">
              {limit.fits ? (
                <Badge tone="ok">fits</Badge>
              ) : (
                <Badge tone="danger">does not fit</Badge>
              )}
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function textOf(value: string): string {
  return value || "(none)";
}

function amount({ measure }: ExplainedLimit, value: string): string {
  return measure === "spend" ? formatMoney(value) : formatCount(Number(value));
}
