import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { Run } from "@/features/playground/queries";
import { formatExactMoney } from "@/shared/format/money";
import { formatCount } from "@/shared/format/number";
import { formatDuration } from "@/shared/format/time";
import { useProjectId } from "@/shared/session";
import { Notice } from "@/shared/ui/Notice";

/** The answer of a column, while it arrives and afterwards, with its cost and times. */
export function AnswerView({ run }: { run: Run }) {
  const { answer } = run;
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <div aria-live="polite" aria-busy={run.busy} className="min-h-16 text-sm">
        <p className="leading-6 break-words whitespace-pre-wrap">{answer.text}</p>
        {answer.toolCalls.map(({ name, args }, index) => (
          <pre key={index} className="mt-1 overflow-x-auto rounded bg-sunken p-2 text-xs">
            {name}({args})
          </pre>
        ))}
        {run.busy && !answer.text && <span className="text-ink-3">Waiting for the model…</span>}
      </div>
      {answer.error && <Notice tone="danger">{answer.error}</Notice>}
      <Facts run={run} />
    </div>
  );
}

function Facts({ run }: { run: Run }) {
  const projectId = useProjectId();
  const cost =
    run.cost === undefined ? "…" : run.cost === null ? "unpriced" : formatExactMoney(run.cost);
  return (
    <dl className="flex flex-wrap gap-x-4 gap-y-1 border-t border-line pt-2 text-xs text-ink-2">
      {run.totalMs !== undefined && <Fact name="Cost">{cost}</Fact>}
      {run.firstMs !== undefined && <Fact name="First token">{formatDuration(run.firstMs)}</Fact>}
      {run.totalMs !== undefined && <Fact name="Total">{formatDuration(run.totalMs)}</Fact>}
      {run.inputTokens !== undefined && (
        <Fact name="Tokens">
          {formatCount(run.inputTokens)} in, {formatCount(run.outputTokens ?? 0)} out
        </Fact>
      )}
      {run.answer.finish && <Fact name="Finish">{run.answer.finish}</Fact>}
      {run.traceId && !run.busy && (
        <Link
          to="/projects/$projectId/traces/$traceId"
          params={{ projectId, traceId: run.traceId }}
          className="text-accent hover:underline"
        >
          Trace
        </Link>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex gap-1">
      <dt className="text-ink-3">{name}</dt>
      <dd className="num">{children}</dd>
    </div>
  );
}
