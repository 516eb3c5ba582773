import { ArrowRight } from "lucide-react";
import type { ReactNode } from "react";

import { conditionText } from "@/features/routes/conditions";
import { layoutOf, type CauseGroup, type Stage } from "@/features/routes/stages";
import { causeName, CAUSES } from "@/features/routes/strategies";
import type { RouteTarget } from "@/shared/calls/routes";
import { formatShare } from "@/shared/format/number";
import { Badge } from "@/shared/ui/Badge";
import { cx } from "@/shared/ui/classes";

interface RouteMapProps {
  targets: readonly RouteTarget[];
  strategy: string;
  /** What is known of a target, below its name. */
  note?: (target: RouteTarget) => ReactNode;
}

/** Draws where calls go: targets by priority with their shares, and where failed calls go next.
 * From left to right, or from top to bottom where that is too wide. */
export function RouteMap({ targets, strategy, note }: RouteMapProps) {
  const { stages, byCause } = layoutOf(targets, strategy);
  return (
    <div className="@container">
      <div className="thin-scroll flex flex-col overflow-x-auto pb-1 @2xl:flex-row @2xl:items-center">
        <Entry />
        {stages.map((stage, index) => (
          <div key={stage.priority} className="contents">
            <Arrow label={index === 0 ? "" : "if that fails"} />
            <StageBox stage={stage} note={note} />
          </div>
        ))}
      </div>
      {byCause.length > 0 && (
        <ul aria-label="Targets by cause" className="mt-3 flex flex-col gap-3">
          {byCause.map((group) => (
            <CauseRow key={group.causes.join(" ")} group={group} note={note} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Entry() {
  return (
    <div className="flex shrink-0 items-center">
      <span className="rounded-full border border-line-strong bg-sunken px-3 py-1 text-xs font-medium">
        Calls
      </span>
    </div>
  );
}

/** An arrow to the right, or down in a narrow drawing. */
function Arrow({ label, dashed = false }: { label: string; dashed?: boolean }) {
  const line = cx("border-line-strong", dashed && "border-dashed");
  return (
    <div className="relative flex shrink-0 items-center @max-2xl:h-9 @max-2xl:w-8 @max-2xl:flex-col @2xl:w-24 @2xl:min-w-10 @2xl:shrink">
      <span className={cx("flex-1 @max-2xl:border-l @2xl:border-t", line)} />
      <ArrowRight
        size={12}
        aria-hidden
        className="-mx-0.5 shrink-0 text-ink-3 @max-2xl:-my-0.5 @max-2xl:rotate-90"
      />
      {label && (
        <span className="absolute text-2xs whitespace-nowrap text-ink-3 @max-2xl:top-2 @max-2xl:left-7 @2xl:inset-x-0 @2xl:top-[calc(50%-20px)] @2xl:text-center">
          {label}
        </span>
      )}
    </div>
  );
}

interface StageBoxProps {
  stage: Stage<RouteTarget>;
  note: RouteMapProps["note"];
}

function StageBox({ stage, note }: StageBoxProps) {
  return (
    <section
      aria-label={stage.name}
      className="flex min-w-0 shrink-0 flex-col justify-center gap-1.5 rounded-lg border border-line bg-sunken p-2 @2xl:w-56"
    >
      <h3 className="px-0.5 text-2xs font-medium text-ink-3">{stage.name}</h3>
      {stage.targets.map(({ target, share }) => (
        <TargetBox
          key={`${target.provider}/${target.model}`}
          target={target}
          share={stage.targets.length > 1 ? share : null}
          note={note}
        />
      ))}
    </section>
  );
}

interface TargetBoxProps {
  target: RouteTarget;
  share: number | null;
  note: RouteMapProps["note"];
}

function TargetBox({ target, share, note }: TargetBoxProps) {
  const { provider, model } = target;
  return (
    <div
      title={`${provider}/${model}`}
      className={cx(
        "min-w-0 rounded-md border border-line-strong bg-canvas px-2.5 py-1.5",
        share === 0 && "border-dashed",
      )}
    >
      <div className="flex items-baseline justify-between gap-2 text-2xs text-ink-3">
        <span className="truncate">{provider || "provider"}</span>
        {share !== null && (
          <span
            className="num text-xs font-medium text-ink"
            title={share === 0 ? "Only if no other target of its priority is left" : undefined}
          >
            {share === 0 ? "reserve" : formatShare(share)}
          </span>
        )}
      </div>
      <div className="truncate font-mono text-xs">{model || "model"}</div>
      {share !== null && (
        <div className="mt-1 h-1 bg-hover">
          <div className="h-full bg-chart-1" style={{ width: `${share * 100}%` }} />
        </div>
      )}
      {target.when && (
        <div className="mt-1 truncate text-2xs text-ink-2" title={conditionText(target.when)}>
          if {conditionText(target.when)}
        </div>
      )}
      {note?.(target)}
    </div>
  );
}

interface CauseRowProps {
  group: CauseGroup<RouteTarget>;
  note: RouteMapProps["note"];
}

function CauseRow({ group: { causes, targets }, note }: CauseRowProps) {
  return (
    <li className="flex flex-col @2xl:flex-row @2xl:items-center">
      <span className="flex shrink-0 flex-wrap items-center gap-1 text-xs text-ink-3">
        on
        {causes.map((cause) => (
          <span key={cause} title={CAUSES.find(({ value }) => value === cause)?.sentence}>
            <Badge tone="warn">{causeName(cause).toLowerCase()}</Badge>
          </span>
        ))}
      </span>
      <Arrow label="" dashed />
      <div className="flex min-w-0 flex-wrap gap-1.5">
        {targets.map((target) => (
          <div key={`${target.provider}/${target.model}`} className="min-w-0 @2xl:w-52">
            <TargetBox target={target} share={null} note={note} />
          </div>
        ))}
      </div>
    </li>
  );
}
