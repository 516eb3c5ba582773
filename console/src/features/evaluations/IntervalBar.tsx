import type { Estimate } from "@/features/evaluations/queries";
import { cx } from "@/shared/ui/classes";

/** The ends of an axis. */
export interface Scale {
  from: number;
  to: number;
}

interface IntervalBarProps {
  value: Pick<Estimate, "mean" | "low" | "high">;
  scale: Scale;
  /** The text that a reader hears. */
  label: string;
  /** The background of whisker and dot as classes. */
  colour?: string;
  /** Where a line is drawn, such as at no difference. */
  mark?: number;
}

/** A value as a dot with its interval as a whisker. */
export function IntervalBar(props: IntervalBarProps) {
  const { value, scale, label, colour = "bg-accent", mark } = props;
  const { mean, low, high } = value;
  return (
    <span
      role="img"
      aria-label={label}
      title={label}
      className="relative block h-4 w-full min-w-24"
    >
      <span className="absolute inset-x-0 top-1/2 h-px bg-line" />
      {mark !== undefined && (
        <span
          className="absolute inset-y-0 w-px bg-line-strong"
          style={{ left: at(mark, scale) }}
        />
      )}
      {low !== null && high !== null && (
        <Whisker from={at(low, scale)} to={at(high, scale)} colour={colour} />
      )}
      {mean !== null && (
        <span
          className={cx("absolute top-1/2 size-2 -translate-1/2 rounded-full", colour)}
          style={{ left: at(mean, scale) }}
        />
      )}
    </span>
  );
}

function Whisker({ from, to, colour }: { from: string; to: string; colour: string }) {
  const cap = cx("absolute top-1/2 h-2 w-px -translate-1/2", colour);
  return (
    <>
      <span
        className={cx("absolute top-1/2 h-0.5 -translate-y-1/2 opacity-70", colour)}
        style={{ left: from, right: `calc(100% - ${to})` }}
      />
      <span className={cap} style={{ left: from }} />
      <span className={cap} style={{ left: to }} />
    </>
  );
}

function at(value: number, { from, to }: Scale): string {
  const share = to > from ? (value - from) / (to - from) : 0.5;
  return `${Math.min(1, Math.max(0, share)) * 100}%`;
}

/** A scale that shows all estimates; a rate's is 0 to 1. */
export function scaleOf(estimates: readonly Pick<Estimate, "mean" | "low" | "high">[]): Scale {
  const ends = estimates
    .flatMap(({ mean, low, high }) => [mean, low, high])
    .filter((end) => end !== null);
  if (ends.length === 0) return { from: 0, to: 1 };
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  const margin = (to - from) * 0.08;
  return { from: from - margin, to: to + margin };
}
