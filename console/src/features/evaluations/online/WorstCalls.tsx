import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import {
  worstQuery,
  type OnlineEvaluation,
  type OnlineFigures,
} from "@/features/evaluations/online/queries";
import { formatValue } from "@/features/evaluations/words";
import { useProjectId } from "@/shared/session";
import type { Preset } from "@/shared/timeRange";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

interface WorstCallsProps {
  found: OnlineEvaluation;
  figures: OnlineFigures;
  range: Preset;
}

/** The calls with the worst values of a metric, or the newest ones; they lead to their traces. */
export function WorstCalls({ found, figures, range }: WorstCallsProps) {
  const names = found.evaluators.map(({ name }) => name);
  const [chosen, setChosen] = useState("");
  const metric = names.includes(chosen) ? chosen : (names[0] ?? "");
  const projectId = useProjectId();
  const query = useQuery(worstQuery(projectId, found.name, metric, range));
  const calls = query.data?.items;
  const facts = figures.facts[metric];
  const title = titleOf(facts);
  return (
    <section aria-label={title} className="pt-6">
      <div className="flex flex-wrap items-center justify-between gap-2 pb-1">
        <h2 className="text-sm font-medium">{title}</h2>
        {names.length > 1 && (
          <SegmentedControl
            label="Metric"
            options={names.map((name) => ({ value: name, name }))}
            value={metric}
            onChange={setChosen}
          />
        )}
      </div>
      {!calls && <SkeletonRows rows={4} />}
      {calls?.length === 0 && <p className="text-sm text-ink-2">Nothing is measured yet.</p>}
      {calls && calls.length > 0 && (
        <Table label={title}>
          <TableHead>
            <HeadCell>Call</HeadCell>
            <HeadCell numeric>{metric}</HeadCell>
            <HeadCell className="w-full">Reason</HeadCell>
            <HeadCell className={FROM_MD}>Release</HeadCell>
          </TableHead>
          <tbody>
            {calls.map((call) => (
              <Row key={call.span_id}>
                <Cell className="whitespace-nowrap">
                  <Link
                    to="/projects/$projectId/traces/$traceId"
                    params={{ projectId, traceId: call.trace_id }}
                    className="font-medium hover:text-accent hover:underline"
                  >
                    <RelativeTime at={call.called_at} />
                  </Link>
                </Cell>
                <Cell numeric>
                  <ValueText value={call.value} facts={facts} />
                </Cell>
                <Cell className="max-w-0 text-ink-2">
                  <div className="truncate" title={call.comment}>
                    {call.comment || <span className="text-ink-3">–</span>}
                  </div>
                </Cell>
                <Cell className={`font-mono text-xs ${FROM_MD}`}>
                  {call.release.slice(0, 12) || <span className="text-ink-3">–</span>}
                </Cell>
              </Row>
            ))}
          </tbody>
        </Table>
      )}
    </section>
  );
}

/** Of some metrics no value is worse than another. */
function titleOf(facts: OnlineFigures["facts"][string] | undefined): string {
  const ranked = facts && facts.kind !== "label" && facts.higher_is_better !== null;
  return ranked ? "Worst calls" : "Newest calls";
}

interface ValueTextProps {
  value: boolean | number | string | null;
  facts: OnlineFigures["facts"][string] | undefined;
}

function ValueText({ value, facts }: ValueTextProps) {
  if (typeof value === "boolean") {
    const bad = facts?.higher_is_better !== null && value !== facts?.higher_is_better;
    return <span className={bad ? "text-danger" : ""}>{value ? "yes" : "no"}</span>;
  }
  if (typeof value === "number") {
    return <>{formatValue(value, facts && { ...facts, kind: "mean" })}</>;
  }
  return <>{value ?? "–"}</>;
}
