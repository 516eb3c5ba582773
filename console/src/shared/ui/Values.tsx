import { formatExactMoney, formatMoney } from "@/shared/format/money";
import { formatAgo, formatDateTime, formatDuration } from "@/shared/format/time";
import { useNow } from "@/shared/ui/useNow";

/** How long ago; the exact time on hover. */
export function RelativeTime({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={formatDateTime(at)} className="num whitespace-nowrap">
      {formatAgo(at, now)}
    </time>
  );
}

/** USD; the exact amount on hover. `null` is a call without a known price, never zero. */
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

/** What a call cost; a dash for calls that used nothing, such as those refused before dispatch. */
export function CallCost({ amount, tokens }: { amount: string | null; tokens: number }) {
  if (amount === null && tokens === 0) return <span className="text-ink-3">–</span>;
  return <Money amount={amount} />;
}

/** A span of time in milliseconds, or a dash. */
export function Duration({ ms }: { ms: number | null }) {
  if (ms === null) return <span className="text-ink-3">–</span>;
  return (
    <span className="num whitespace-nowrap" title={`${ms.toFixed(3)} ms`}>
      {formatDuration(ms)}
    </span>
  );
}
