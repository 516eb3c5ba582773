import { Link } from "@tanstack/react-router";

import type { ShadowReport } from "@/features/rollouts/queries";
import { formatMoney } from "@/shared/format/money";
import { formatCount, formatShare } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Disclosure } from "@/shared/ui/Disclosure";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { Duration } from "@/shared/ui/Values";

interface ReportProps {
  report: ShadowReport;
}

/** The shadow beside what the callers of the same calls got. */
export function ShadowFigures({ report }: ReportProps) {
  const { pairs, original, shadow, scores, difference } = report;
  const sides = [
    { name: "Callers got", side: original, score: "original" },
    { name: "Shadow", side: shadow, score: "shadow" },
  ] as const;
  return (
    <div className="pt-4">
      <p className="mb-1 text-sm text-ink-2">
        The latest {formatCount(pairs)} {pairs === 1 ? "pair" : "pairs"} of 7 days.
        {difference !== null && (
          <>
            {" "}
            Of the words of the newest answers, {formatShare(1 - difference)} are in both and{" "}
            {formatShare(difference)} differ.
          </>
        )}
      </p>
      <Table label="Shadow and callers">
        <TableHead>
          <HeadCell className="w-full">Answers</HeadCell>
          <HeadCell numeric>Errors</HeadCell>
          <HeadCell numeric className={FROM_MD}>
            Median
          </HeadCell>
          <HeadCell numeric>p95</HeadCell>
          <HeadCell numeric>Cost a call</HeadCell>
          {scores.map(({ name }) => (
            <HeadCell key={name} numeric className={FROM_MD}>
              {name}
            </HeadCell>
          ))}
        </TableHead>
        <tbody>
          {sides.map(({ name, side, score }) => (
            <Row key={name}>
              <Cell className="font-medium whitespace-nowrap">{name}</Cell>
              <Cell numeric className="whitespace-nowrap">
                {formatShare(side.calls ? side.errors / side.calls : 0)}
              </Cell>
              <Cell numeric className={FROM_MD}>
                <Duration ms={side.p50_ms} />
              </Cell>
              <Cell numeric>
                <Duration ms={side.p95_ms} />
              </Cell>
              <Cell numeric>{side.cost === null ? "–" : formatMoney(side.cost)}</Cell>
              {scores.map((each) => (
                <Cell key={each.name} numeric className={FROM_MD}>
                  <span title={`${formatCount(each[`${score}_calls`])} calls`}>
                    {each[score]?.toFixed(2) ?? "–"}
                  </span>
                </Cell>
              ))}
            </Row>
          ))}
        </tbody>
      </Table>
    </div>
  );
}

/** The newest pairs, linked to both traces; those whose words differ most first. */
export function ShadowPairs({ report: { latest } }: ReportProps) {
  const pairs = [...latest].sort((one, other) => (other.difference ?? 0) - (one.difference ?? 0));
  return (
    <div className="pt-3">
      <Disclosure title={`Answers of the newest ${latest.length}`}>
        <Table label="Pairs of answers">
          <TableHead>
            <HeadCell>Words that differ</HeadCell>
            <HeadCell>Callers got</HeadCell>
            <HeadCell>Shadow</HeadCell>
            <HeadCell className={`w-full ${FROM_MD}`}>Error</HeadCell>
          </TableHead>
          <tbody>
            {pairs.map((pair) => (
              <Row key={pair.trace_id}>
                <Cell>
                  <span className="num">
                    {pair.difference === null ? "no text" : formatShare(pair.difference)}
                  </span>
                </Cell>
                <Cell className="whitespace-nowrap">
                  <Side trace={pair.original_trace_id} status={pair.original_status} />
                </Cell>
                <Cell className="whitespace-nowrap">
                  <Side trace={pair.trace_id} status={pair.status} />
                </Cell>
                <Cell className={`break-words text-ink-2 ${FROM_MD}`}>{pair.error}</Cell>
              </Row>
            ))}
          </tbody>
        </Table>
      </Disclosure>
    </div>
  );
}

function Side({ trace, status }: { trace: string; status: string }) {
  const projectId = useProjectId();
  return (
    <span className="flex items-center gap-2">
      <Link
        to="/projects/$projectId/traces/$traceId"
        params={{ projectId, traceId: trace }}
        className="font-mono text-xs hover:text-accent hover:underline"
      >
        {trace.slice(0, 8)}
      </Link>
      {status !== "ok" && <Badge tone="danger">{status}</Badge>}
    </span>
  );
}
