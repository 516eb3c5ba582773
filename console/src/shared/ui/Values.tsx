import { formatExactMoney, formatMoney } from "@/shared/format/money";
import { formatAgo, formatDateTime, formatDuration } from "@/shared/format/time";
import { useNow } from "@/shared/ui/useNow";

/** A relative time; the exact time as tooltip. */
export function RelativeTime({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={formatDateTime(at)} className="num whitespace-nowrap">
      {formatAgo(at, now)}
    </time>
  );
}

/** An amount in USD; the exact amount as tooltip. `null` means that no price is known. */
export function Money({ amount }: { amount: string | null }) {
  if (amount === null) {
    return (
      <span className="text-ink-3" title="No price is known for this model.">
        unpriced
      </span>
    );
  }
  return (
    <span className="num" title={formatExactMoney(amount)}>
      {formatMoney(amount)}
    </span>
  );
}

/** The cost of a call; a dash if it used no tokens, for example after an early error. */
export function CallCost({ amount, tokens }: { amount: string | null; tokens: number }) {
  if (amount === null && tokens === 0) return <span className="text-ink-3">–</span>;
  return <Money amount={amount} />;
}

/** A duration in milliseconds, or a dash. */
export function Duration({ ms }: { ms: number | null }) {
  if (ms === null) return <span className="text-ink-3">–</span>;
  return (
    <span className="num whitespace-nowrap" title={`${ms.toFixed(3)} ms`}>
      {formatDuration(ms)}
    </span>
  );
}
