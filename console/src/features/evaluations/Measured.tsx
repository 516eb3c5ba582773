import type { Measurement, MetricFacts } from "@/features/evaluations/queries";
import { measuredText } from "@/features/evaluations/words";
import { cx } from "@/shared/ui/classes";

interface MeasuredProps {
  measured: Measurement | undefined;
  facts: MetricFacts | undefined;
}

/** One measurement; its reason as tooltip. A failed check is red, a missing value is grey. */
export function Measured({ measured, facts }: MeasuredProps) {
  if (!measured) return <span className="text-ink-3">–</span>;
  const { state, value, reason } = measured;
  const good = facts?.higher_is_better !== false;
  return (
    <span
      title={reason}
      className={cx(
        "whitespace-nowrap",
        state !== "scored" && (state.endsWith("error") ? "text-danger" : "text-ink-3"),
        value === !good && facts?.higher_is_better !== null && "text-danger",
      )}
    >
      {measuredText(measured, facts)}
    </span>
  );
}
