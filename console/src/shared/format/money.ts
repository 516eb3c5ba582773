const MOST_DIGITS = 8;
const SMALLEST = 10 ** -MOST_DIGITS;

/** USD to three significant digits, never fewer than cents, so that amounts of one size stand under
 * each other: `$12.30`, `$0.0123`, `$0.000500`. */
export function formatMoney(amount: string | number): string {
  const value = Number(amount);
  if (value === 0) return "$0";
  if (Math.abs(value) >= 1000) {
    return `$${value.toLocaleString("en-US", { maximumFractionDigits: 0 })}`;
  }
  if (Math.abs(value) >= 0.1) return `$${value.toFixed(2)}`;
  if (Math.abs(value) < SMALLEST) return `<$${SMALLEST.toFixed(MOST_DIGITS)}`;
  const digits = 2 - Math.floor(Math.log10(Math.abs(value)));
  return `$${value.toFixed(Math.min(digits, MOST_DIGITS))}`;
}

/** The exact amount without idle zeros: `0.000012300000` → `$0.0000123`, `2.5` → `$2.50`. */
export function formatExactMoney(amount: string): string {
  const [whole = "0", fraction = ""] = amount.split(".");
  const kept = fraction.replace(/0+$/, "");
  return kept ? `$${whole}.${kept.padEnd(2, "0")}` : `$${whole}`;
}
