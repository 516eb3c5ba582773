import type { Facts, Model, Retirement, ServingProvider } from "@/features/models/queries";
import { formatMoney } from "@/shared/format/money";
import type { Tone } from "@/shared/ui/Badge";

const TOKENS = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

/** `128K`, `1.05M`; a dash if unknown. */
export function formatTokens(count: number | null | undefined): string {
  return count ? TOKENS.format(count) : "–";
}

/** The abilities that a model certainly has, by short names. */
export function abilitiesOf(facts: Facts | null): string[] {
  const all = [
    [facts?.tools, "tools"],
    [facts?.structured_output, "schema"],
    [facts?.reasoning, "reasoning"],
  ] as const;
  return all.filter(([known]) => known).map(([, name]) => name);
}

/** Yes, no, or a dash for an unknown fact. */
export function formatKnown(known: boolean | null | undefined): string {
  if (known === null || known === undefined) return "–";
  return known ? "yes" : "no";
}

/** The price of a million units of the first provider that has one; null if there is none. */
export function priceOf(model: Model, unit: string): string | null {
  const priced = model.providers.find((one) => one.prices !== null);
  return priced ? priceAt(priced, unit) : null;
}

/** USD for a million units at a provider. */
export function priceAt(provider: ServingProvider, unit: string): string | null {
  const line = provider.prices?.find((one) => one.unit === unit);
  return line ? formatMoney((Number(line.price) / line.per) * 1_000_000) : null;
}

/** `retires in 12 days`, `retires today`, `retired 3 days ago`; the date if it is not near. */
export function formatRetirement({ days, on, warns }: Retirement): string {
  if (!warns) return on;
  if (days === 0) return "retires today";
  const distance = `${Math.abs(days)} ${Math.abs(days) === 1 ? "day" : "days"}`;
  return days > 0 ? `retires in ${distance}` : `retired ${distance} ago`;
}

export function retirementTone({ days, warns }: Retirement): Tone {
  if (days < 0) return "danger";
  return warns ? "warn" : "neutral";
}
