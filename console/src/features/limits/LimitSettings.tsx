import type { ReactNode } from "react";

import { hasWindow } from "@/features/limits/measures";
import type { Limit } from "@/features/limits/queries";
import { Scope } from "@/shared/calls/Scope";
import { RelativeTime } from "@/shared/ui/Values";

/** What a limit counts and how, in one row. */
export function LimitSettings({ limit }: { limit: Limit }) {
  return (
    <dl className="flex flex-wrap gap-x-10 gap-y-3 border-y border-line py-3">
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
    </dl>
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

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className="text-sm">{children}</dd>
    </div>
  );
}
