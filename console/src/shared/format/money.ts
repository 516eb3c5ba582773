const MAX_DECIMALS = 8;
const SMALLEST = 10 ** -MAX_DECIMALS;

/** USD with three significant digits and at least cents: `$12.30`, `$0.0123`, `$0.000500`. */
export function formatMoney(amount: string | number): string {
  const value = Number(amount);
  if (value === 0) return "$0";
  if (Math.abs(value) < SMALLEST) return `<$${SMALLEST.toFixed(MAX_DECIMALS)}`;
  return `$${fixed(value, decimalsOf(value))}`;
}

/** USD with a given number of decimals, for columns: `$0.0123`; too small amounts are `<$0.0001`. */
export function formatFixedMoney(amount: string | number, decimals: number): string {
  const value = Number(amount);
  const smallest = 10 ** -decimals;
  if (value > 0 && value < smallest) return `<$${smallest.toFixed(decimals)}`;
  return `$${fixed(value, decimals)}`;
}

/** The decimals for a column of amounts, by the largest one: four or more below one dollar. */
export function moneyDecimals(amounts: readonly (string | number)[]): number {
  const largest = Math.max(0, ...amounts.map(Number));
  return largest > 0 && largest < 1 ? Math.max(4, decimalsOf(largest)) : decimalsOf(largest);
}

/** The exact amount without trailing zeros: `0.000012300000` → `$0.0000123`, `2.5` → `$2.50`. */
export function formatExactMoney(amount: string): string {
  const [whole = "0", fraction = ""] = amount.split(".");
  const kept = fraction.replace(/0+$/, "");
  return kept ? `$${whole}.${kept.padEnd(2, "0")}` : `$${whole}`;
}

function decimalsOf(value: number): number {
  const size = Math.abs(value);
  if (size >= 1000) return 0;
  if (size >= 0.1 || size === 0) return 2;
  return Math.min(2 - Math.floor(Math.log10(size)), MAX_DECIMALS);
}

function fixed(value: number, decimals: number): string {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return value.toLocaleString("en-US", digits);
}
