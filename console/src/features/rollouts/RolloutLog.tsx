import { useQuery } from "@tanstack/react-query";
import {
  Check,
  FastForward,
  GitCompareArrows,
  Pause,
  Play,
  Square,
  Undo2,
  type LucideIcon,
} from "lucide-react";

import { logOf, type LogEntry } from "@/features/rollouts/log";
import {
  decisionsQuery,
  guardEvidence,
  type Place,
  type RolloutChange,
} from "@/features/rollouts/queries";
import { formatCount, formatShare } from "@/shared/format/number";
import { armShares } from "@/shared/releases/arms";
import { ReleaseLink } from "@/shared/releases/ReleaseLink";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";
import { Disclosure } from "@/shared/ui/Disclosure";
import { RelativeTime } from "@/shared/ui/Values";

const KINDS: Record<string, { name: string; icon: LucideIcon; ink?: string }> = {
  start: { name: "Started", icon: Play },
  stop: { name: "Stopped", icon: Square, ink: "text-warn" },
  undo: { name: "Reverted", icon: Undo2, ink: "text-warn" },
  compare: { name: "Compared", icon: GitCompareArrows, ink: "text-accent" },
  advance: { name: "Next step", icon: FastForward, ink: "text-accent" },
  promote: { name: "Promoted", icon: Check, ink: "text-ok" },
  roll_back: { name: "Rolled back", icon: Undo2, ink: "text-danger" },
  pause: { name: "Paused by the rule", icon: Pause, ink: "text-warn" },
};

interface RolloutLogProps {
  place: Place;
  changes: readonly RolloutChange[];
}

/** Everything that changed a rollout, newest first, with the evidence of its rule's decisions. */
export function RolloutLog({ place, changes }: RolloutLogProps) {
  const decisions = useQuery(decisionsQuery(useProjectId(), place)).data ?? [];
  const entries = logOf(changes, decisions);
  if (entries.length === 0) return null;
  return (
    <section aria-label="History" className="pt-8">
      <h2 className="mb-1 text-sm font-medium">History</h2>
      <ol aria-label="Changes" className="divide-y divide-line">
        {entries.map((entry) => (
          <Entry key={`${entry.at} ${entry.change?.version ?? ""}`} entry={entry} />
        ))}
      </ol>
    </section>
  );
}

function Entry({ entry: { at, change, decision } }: { entry: LogEntry }) {
  const { action, message } = change ?? {
    action: decision?.decision ?? "",
    message: decision?.reason,
  };
  const { name, icon: Icon, ink = "text-ink-3" } = KINDS[action] ?? { name: action, icon: Play };
  return (
    <li className="grid grid-cols-[1.25rem_minmax(0,1fr)_auto] gap-x-2 py-2.5">
      <Icon size={14} className={cx("mt-0.5", ink)} aria-hidden />
      <div className="min-w-0">
        <div className="flex flex-wrap items-baseline gap-x-2">
          <span className="font-medium">{name}</span>
          {change && <Arms change={change} />}
        </div>
        {message && <p className="text-ink-2">{message}</p>}
        {decision && <DecisionEvidence evidence={decision.evidence} />}
      </div>
      <div className="text-right text-xs text-ink-3">
        <RelativeTime at={at} />
        {change && <Author change={change} />}
      </div>
    </li>
  );
}

function Author({ change: { author, version, restored } }: { change: RolloutChange }) {
  return (
    <div className="max-w-48 truncate" title={author}>
      {author}
      <span className="num">
        {" "}
        · v{version}
        {restored > 0 && ` as v${restored}`}
      </span>
    </div>
  );
}

/** What answers from this change on. */
function Arms({ change }: { change: RolloutChange }) {
  const arms = armShares({ arms: change.arms, baseline: "" });
  return arms.map(({ name, release, share }) => (
    <span key={name} className="inline-flex items-baseline gap-1 text-xs text-ink-2">
      {arms.length > 1 && (
        <span className="num">
          {name} {formatShare(share)}
        </span>
      )}
      <ReleaseLink digest={release} />
    </span>
  ));
}

function DecisionEvidence({ evidence }: { evidence: Record<string, unknown> }) {
  const metrics = guardEvidence(evidence);
  if (metrics.length === 0) return null;
  return (
    <div className="pt-1 text-xs">
      <Disclosure title="Evidence">
        <ul className="num grid gap-x-4 gap-y-0.5 text-xs text-ink-2 sm:w-fit sm:grid-cols-[auto_auto_auto_auto]">
          {metrics.map(({ arm, guard, candidate, baseline, beyond, within }) => (
            <li key={`${arm} ${guard}`} className="contents">
              <span className="font-medium">
                {guard} of {arm}
              </span>
              <span>
                {mean(candidate)} of {formatCount(candidate.size)} units
              </span>
              <span>
                baseline {mean(baseline)} of {formatCount(baseline.size)}
              </span>
              <span className="text-ink-3">
                beyond {beyond.toPrecision(3)}, within {within.toPrecision(3)}
              </span>
            </li>
          ))}
        </ul>
      </Disclosure>
    </div>
  );
}

function mean({ size, total }: { size: number; total: number }): string {
  return size ? (total / size).toFixed(4) : "–";
}
