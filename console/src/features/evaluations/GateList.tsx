import { useInfiniteQuery } from "@tanstack/react-query";

import { gatesQuery, runsQuery, type Gate } from "@/features/evaluations/queries";
import { RunLink } from "@/features/evaluations/RunTable";
import { gateOutcome, thresholdOutcome } from "@/features/evaluations/words";
import { ReleaseLink } from "@/shared/releases/ReleaseLink";
import { useProjectId } from "@/shared/session";
import { Badge, type Tone } from "@/shared/ui/Badge";
import { cx } from "@/shared/ui/classes";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { RelativeTime } from "@/shared/ui/Values";

/** The gates of a project, newest first, each with what it found of its thresholds. */
export function GateList() {
  const query = useInfiniteQuery(gatesQuery(useProjectId()));
  if (query.isError) {
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  }
  const gates = query.data?.pages.flatMap(({ items }) => items);
  if (!gates) return <SkeletonRows rows={6} />;
  if (gates.length === 0) return <NoGates />;
  return (
    <>
      <ul aria-label="Gates">
        {gates.map((gate) => (
          <GateEntry key={gate.id} gate={gate} />
        ))}
      </ul>
      <ShowMore query={query} />
    </>
  );
}

function NoGates() {
  return (
    <EmptyState title="No gates yet">
      A gate says whether a release may follow its baseline, for CI:{" "}
      <code className="font-mono text-xs">penstock gate CANDIDATE BASELINE --require equals</code>
    </EmptyState>
  );
}

/** A run by its label, if it is a recent one. */
function NamedRun({ id }: { id: string }) {
  const pages = useInfiniteQuery(runsQuery(useProjectId(), "")).data?.pages;
  const found = pages?.flatMap(({ items }) => items).find((run) => run.id === id);
  return <RunLink run={found ?? { id, label: "" }} />;
}

function GateEntry({ gate }: { gate: Gate }) {
  const { tone, name } = gateOutcome(gate);
  return (
    <li className="border-b border-line py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
        <Badge tone={tone}>{name}</Badge>
        <span className="min-w-0">
          {gate.release ? (
            <ReleaseLink digest={gate.release} withMessage />
          ) : (
            <NamedRun id={gate.candidate} />
          )}
          {gate.baseline && (
            <span className="text-ink-3">
              {" against "}
              <NamedRun id={gate.baseline} />
            </span>
          )}
        </span>
        {gate.use_case && <Badge>{gate.use_case}</Badge>}
        {gate.confirmed && <Badge>run twice</Badge>}
        <span className="ml-auto text-xs text-ink-3">
          {gate.exit_code !== null && <span className="num">exit code {gate.exit_code} · </span>}
          {gate.author} · <RelativeTime at={gate.created_at} />
        </span>
      </div>
      <Thresholds gate={gate} />
    </li>
  );
}

const TEXT: Partial<Record<Tone, string>> = {
  ok: "text-ok",
  warn: "text-warn",
  danger: "text-danger",
};

function Thresholds({ gate }: { gate: Gate }) {
  return (
    <ul aria-label="Thresholds" className="mt-1.5 flex flex-col gap-1">
      {gate.thresholds.map(({ metric, text, outcome }, index) => {
        const { tone, name } = thresholdOutcome(outcome);
        return (
          <li key={index} className="flex items-baseline gap-3 text-sm">
            <span className={cx("w-24 shrink-0 text-xs font-medium", TEXT[tone])}>{name}</span>
            <span className="w-28 shrink-0 truncate font-medium" title={metric}>
              {metric}
            </span>
            <span className="min-w-0 text-ink-2">{text}</span>
          </li>
        );
      })}
    </ul>
  );
}
