const MAX_DIGITS = 8;
const SMALLEST = 10 ** -MAX_DIGITS;

/** USD with three significant digits and at least cents: `$12.30`, `$0.0123`, `$0.000500`. */
export function formatMoney(amount: string | number): string {
  const value = Number(amount);
  if (value === 0) return "$0";
  if (Math.abs(value) >= 1000) {
    return `$${value.toLocaleString("en-US", { maximumFractionDigits: 0 })}`;
  }
  if (Math.abs(value) >= 0.1) return `$${value.toFixed(2)}`;
  if (Math.abs(value) < SMALLEST) return `<$${SMALLEST.toFixed(MAX_DIGITS)}`;
  const digits = 2 - Math.floor(Math.log10(Math.abs(value)));
  return `$${value.toFixed(Math.min(digits, MAX_DIGITS))}`;
}

/** The exact amount without trailing zeros: `0.000012300000` → `$0.0000123`, `2.5` → `$2.50`. */
export function formatExactMoney(amount: string): string {
  const [whole = "0", fraction = ""] = amount.split(".");
  const kept = fraction.replace(/0+$/, "");
  return kept ? `$${whole}.${kept.padEnd(2, "0")}` : `$${whole}`;
}
