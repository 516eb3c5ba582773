import { Check } from "lucide-react";

import { formatSpan } from "@/shared/format/time";
import type { Comparison } from "@/shared/releases/queries";
import { cx } from "@/shared/ui/classes";
import { useNow } from "@/shared/ui/useNow";

interface StepProgressProps {
  comparison: Comparison;
  /** The index of the step that holds now. */
  step: number;
}

/** The steps of a canary: those that it has taken, the one that holds now, those ahead. */
export function StepProgress({ comparison, step: now }: StepProgressProps) {
  const steps = comparison.plan.steps;
  return (
    <ol aria-label="Steps" className="flex flex-wrap gap-2 border-y border-line py-3">
      {steps.map(({ percent, hold_s }, index) => (
        <li
          key={index}
          aria-current={index === now ? "step" : undefined}
          className={cx(
            "min-w-28 flex-1 rounded-md border px-3 py-2",
            index === now ? "border-accent bg-accent-soft" : "border-line",
          )}
        >
          <div className="flex items-center gap-1.5 text-sm font-medium">
            <span className={cx("num", index > now && "text-ink-2")}>{percent} %</span>
            {index < now && <Check size={14} className="text-ok" aria-label="done" />}
          </div>
          {index === now ? (
            <Held since={comparison.since} holdMs={hold_s * 1000} />
          ) : (
            <div className="num text-xs text-ink-3">holds {formatSpan(hold_s * 1000)}</div>
          )}
        </li>
      ))}
      <li className="min-w-28 flex-1 rounded-md border border-dashed border-line-strong px-3 py-2">
        <div className="num text-sm font-medium text-ink-2">100 %</div>
        <div className="text-xs text-ink-3">promoted</div>
      </li>
    </ol>
  );
}

/** How long the present step has held, of the least time. */
function Held({ since, holdMs }: { since: string; holdMs: number }) {
  const held = Math.max(0, useNow() - Date.parse(since));
  const share = holdMs === 0 ? 1 : Math.min(1, held / holdMs);
  return (
    <>
      <div className="num text-xs text-ink-2">
        held {formatSpan(held)}, at least {formatSpan(holdMs)}
      </div>
      <div className="mt-1 h-1 overflow-hidden rounded-sm bg-line">
        <div className="h-full bg-accent" style={{ width: `${share * 100}%` }} />
      </div>
    </>
  );
}
