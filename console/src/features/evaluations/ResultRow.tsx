import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { useState } from "react";

import { itemText } from "@/shared/datasets/itemText";
import { Measured } from "@/features/evaluations/Measured";
import type { Item, MetricFacts, Result } from "@/features/evaluations/queries";
import { NoText, TextBox } from "@/shared/ui/TextBox";
import { stateName } from "@/features/evaluations/words";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { Cell, FROM_MD, Row, RowDetails } from "@/shared/ui/Table";
import { Duration, Money } from "@/shared/ui/Values";

interface ResultRowProps {
  result: Result;
  /** `undefined` while loading, or if the item is gone. */
  item: Item | undefined;
  metrics: readonly string[];
  facts: ReadonlyMap<string, MetricFacts>;
  repeats: number;
}

/** One result; below it, once opened, the whole texts and the reasons. */
export function ResultRow({ result, item, metrics, facts, repeats }: ResultRowProps) {
  const [open, setOpen] = useState(false);
  const { item_id, repeat, measurements } = result;
  const name = repeats > 1 ? `${item_id} · ${repeat + 1}` : item_id;
  return (
    <>
      <Row>
        <Cell>
          <IconButton
            label={`Details of ${name}`}
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            <ChevronRight size={14} className={cx("transition-transform", open && "rotate-90")} />
          </IconButton>
        </Cell>
        <Cell className="max-w-32 truncate font-mono text-xs">{name}</Cell>
        <Cell className={`max-w-0 min-w-44 ${FROM_MD}`}>
          <div className="truncate text-ink-2">{itemText(item?.input)}</div>
        </Cell>
        <Cell className="max-w-0 min-w-40">
          <div className="truncate">
            <Output result={result} />
          </div>
        </Cell>
        {metrics.map((metric) => (
          <Cell key={metric} numeric>
            <Measured measured={measurements[metric]} facts={facts.get(metric)} />
          </Cell>
        ))}
        <Cell numeric className={FROM_MD}>
          <Money amount={String(result.cost_usd)} />
        </Cell>
        <Cell className={FROM_MD}>
          <TraceLink result={result} />
        </Cell>
      </Row>
      {open && (
        <tr className="border-b border-line">
          <td colSpan={metrics.length + 6} className="py-3">
            <RowDetails>
              <Details result={result} item={item} metrics={metrics} facts={facts} />
            </RowDetails>
          </td>
        </tr>
      )}
    </>
  );
}

/** The text of an answer, or why there is none. */
export function Output({ result }: { result: Result }) {
  const { state, output, error, tool_calls } = result;
  if (state === "rejected" || state === "failed") {
    return (
      <span className="text-danger">
        {state}: {error}
      </span>
    );
  }
  if (output) return output;
  if (tool_calls.length > 0) {
    return <NoText>calls {tool_calls.map(({ name }) => name).join(", ")}</NoText>;
  }
  return <NoText>empty</NoText>;
}

export function TraceLink({ result }: { result: Result }) {
  const projectId = useProjectId();
  if (!result.trace_id) return null;
  return (
    <Link
      to="/projects/$projectId/traces/$traceId"
      params={{ projectId, traceId: result.trace_id }}
      className="text-xs text-accent hover:underline"
    >
      Trace
    </Link>
  );
}

function Details({ result, item, metrics, facts }: Omit<ResultRowProps, "repeats">) {
  const expected = itemText(item?.expected);
  return (
    <div className="flex flex-col gap-3">
      <div className="grid gap-3 md:grid-cols-3">
        <TextBox name="Input">{itemText(item?.input) || <NoText>not found</NoText>}</TextBox>
        <TextBox name="Expected">{expected || <NoText>nothing expected</NoText>}</TextBox>
        <TextBox name="Output">
          <Output result={result} />
        </TextBox>
      </div>
      <dl className="flex flex-wrap gap-x-8 gap-y-2 text-sm">
        {metrics.map((metric) => (
          <div key={metric} className="max-w-xl">
            <dt className="text-xs text-ink-3">{metric}</dt>
            <dd>
              <Measured measured={result.measurements[metric]} facts={facts.get(metric)} />{" "}
              <span className="text-ink-2">{result.measurements[metric]?.reason}</span>
            </dd>
          </div>
        ))}
        <div>
          <dt className="text-xs text-ink-3">Time of the call</dt>
          <dd>
            <Duration ms={result.latency_ms} />
          </dd>
        </div>
        {result.state !== "measured" && <Badge>{stateName(result.state)}</Badge>}
        <TraceLink result={result} />
      </dl>
    </div>
  );
}
