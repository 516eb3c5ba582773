import { formatExactMoney, formatFixedMoney, formatMoney } from "@/shared/format/money";
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

interface MoneyProps {
  /** `null` means that no price is known. */
  amount: string | null;
  /** Equal decimals for a column; three significant digits if left out. */
  decimals?: number | undefined;
}

/** An amount in USD; the exact amount as tooltip. */
export function Money({ amount, decimals }: MoneyProps) {
  if (amount === null) {
    return (
      <span className="text-ink-3" title="No price is known for this model.">
        unpriced
      </span>
    );
  }
  return (
    <span className="num" title={formatExactMoney(amount)}>
      {decimals === undefined ? formatMoney(amount) : formatFixedMoney(amount, decimals)}
    </span>
  );
}

/** The cost of a call; a dash if it used no tokens, for example after an early error. */
export function CallCost({ amount, tokens, decimals }: MoneyProps & { tokens: number }) {
  if (amount === null && tokens === 0) return <span className="text-ink-3">–</span>;
  return <Money amount={amount} decimals={decimals} />;
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
