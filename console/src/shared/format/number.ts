const WHOLE = new Intl.NumberFormat("en-US");
const SHORT = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

/** `12,345`. */
export function formatCount(count: number): string {
  return WHOLE.format(count);
}

/** `9,999`, then `12.3K`, `4.56M`: and so on. */
export function formatCompactCount(count: number): string {
  return Math.abs(count) < 10_000 ? WHOLE.format(count) : SHORT.format(count);
}

/** A fraction as a percentage: `0.4%`, `12%`; small ones above zero are `<0.1%`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent === 0) return "0%";
  if (percent < 0.1) return "<0.1%";
  return `${percent < 10 ? stripZeros(percent.toFixed(1)) : percent.toFixed(0)}%`;
}

/** The change from `before` to `now` as a signed percentage; empty if `before` is zero. */
export function formatChange(now: number, before: number): string {
  if (before === 0) return "";
  const change = (now - before) / before;
  if (Math.abs(change) < 0.005) return "±0%";
  const sign = change > 0 ? "+" : "−";
  return change > 9.995 ? ">+999%" : `${sign}${Math.round(Math.abs(change) * 100)}%`;
}

function stripZeros(text: string): string {
  return text.replace(/\.0+$/, "");
}

/** Bytes in powers of 1000: `512 B`, `1.2 kB`. */
export function formatBytes(size: number): string {
  if (size < 1000) return `${size} B`;
  return size < 1e6 ? `${stripZeros((size / 1e3).toFixed(1))} kB` : `${(size / 1e6).toFixed(1)} MB`;
}
