import { hasWindow } from "@/features/limits/measures";
import type { Limit } from "@/features/limits/queries";
import { Scope } from "@/shared/calls/Scope";
import { Fact, Facts } from "@/shared/ui/Facts";
import { RelativeTime } from "@/shared/ui/Values";

/** What a limit counts and how, in one row. */
export function LimitSettings({ limit }: { limit: Limit }) {
  return (
    <Facts>
      <Fact name="Counts">
        <Scope only={limit.only} per={limit.per} />
      </Fact>
      <Fact name="Window">{windowOf(limit)}</Fact>
      {limit.measure === "spend" && (
        <Fact name="Models without a price">{policyOf(limit.unpriced)}</Fact>
      )}
      <Fact name="While counters are unavailable">{policyOf(limit.unavailable)}</Fact>
      {limit.over === "cut" && <Fact name="Streams that pass it">Are cut</Fact>}
      <Fact name="Updated">
        <RelativeTime at={limit.updated_at} />
      </Fact>
    </Facts>
  );
}

function windowOf(limit: Limit): string {
  if (limit.window === null) return "None";
  if (!hasWindow(limit)) return `Rate per ${limit.window}, refills steadily`;
  return `Each ${limit.window}, ${limit.time_zone}`;
}

function policyOf(otherwise: Limit["unpriced"]): string {
  return otherwise === "admit" ? "Calls are admitted" : "Calls are rejected";
}
