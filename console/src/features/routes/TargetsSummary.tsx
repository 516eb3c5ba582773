import { ArrowRight } from "lucide-react";
import type { ReactNode } from "react";

import { ShareBar } from "@/shared/ui/ShareBar";
import { conditionText } from "@/features/routes/conditions";
import { layoutOf, type Stage } from "@/features/routes/stages";
import { causeName } from "@/features/routes/strategies";
import type { Route, RouteTarget } from "@/shared/calls/routes";
import { formatShare } from "@/shared/format/number";

/** The targets of a route in two lines: shares, then fallbacks in order and targets by cause. */
export function TargetsSummary({ route }: { route: Route }) {
  const { stages, byCause } = layoutOf(route.targets, route.strategy);
  const [first, ...fallbacks] = stages;
  return (
    <div className="flex min-w-0 flex-col gap-1 py-2 text-xs">
      {first && <FirstStage stage={first} />}
      {(fallbacks.length > 0 || byCause.length > 0) && (
        <div className="flex flex-wrap items-center gap-x-3 gap-y-0.5 text-ink-2">
          {fallbacks.map((stage) => (
            <Step key={stage.priority} label="then">
              {stage.targets.map(({ target }) => nameOf(target)).join(" or ")}
            </Step>
          ))}
          {byCause.map(({ causes, targets }) => (
            <Step
              key={causes.join(" ")}
              label={`on ${causes.map((each) => causeName(each).toLowerCase()).join(", ")}`}
            >
              {targets.map(nameOf).join(" or ")}
            </Step>
          ))}
        </div>
      )}
    </div>
  );
}

function FirstStage({ stage: { targets } }: { stage: Stage<RouteTarget> }) {
  const shares = targets.flatMap(({ target, share }) =>
    share === null ? [] : [{ name: nameOf(target), share }],
  );
  return (
    <>
      {shares.length > 1 && (
        <span className="max-w-96">
          <ShareBar shares={shares} />
        </span>
      )}
      <div className="flex flex-wrap gap-x-3">
        {targets.map(({ target, share }) => (
          <span key={nameOf(target)} className="max-w-full truncate" title={nameOf(target)}>
            <span className="font-mono">{nameOf(target)}</span>
            {share !== null && targets.length > 1 && (
              <span className="num ml-1.5 text-ink-3">{formatShare(share)}</span>
            )}
            {target.when && (
              <span className="ml-1.5 text-ink-3">if {conditionText(target.when)}</span>
            )}
          </span>
        ))}
      </div>
    </>
  );
}

function Step({ label, children }: { label: string; children: ReactNode }) {
  return (
    <span className="inline-flex max-w-full items-center gap-1">
      <ArrowRight size={12} className="shrink-0 text-ink-3" aria-hidden />
      <span className="truncate">
        <span className="text-ink-3">{label}</span> <span className="font-mono">{children}</span>
      </span>
    </span>
  );
}

function nameOf({ provider, model }: RouteTarget): string {
  return `${provider}/${model}`;
}
