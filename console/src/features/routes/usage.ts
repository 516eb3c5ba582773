import type { TargetUsage } from "@/features/routes/queries";
import type { RouteTarget } from "@/shared/calls/routes";

/** A target with what is known of its attempts. */
export interface UsageRow {
  provider: string;
  model: string;
  usage: TargetUsage | undefined;
  /** Whether the present version of the route has it. */
  isTarget: boolean;
}

/** The targets of a route in their order, then others that its calls met in the time range. */
export function usageRows(
  targets: readonly RouteTarget[],
  usage: readonly TargetUsage[],
): UsageRow[] {
  const now = [...targets]
    .sort(
      (one, other) =>
        Number(one.after.length > 0) - Number(other.after.length > 0) ||
        one.priority - other.priority,
    )
    .map(({ provider, model }) => ({
      provider,
      model,
      usage: usageOf(usage, { provider, model }),
      isTarget: true,
    }));
  const others = usage
    .filter(
      ({ provider, model }) => !now.some((row) => row.provider === provider && row.model === model),
    )
    .map((one) => ({ provider: one.provider, model: one.model, usage: one, isTarget: false }));
  return [...now, ...others];
}

export function usageOf(
  usage: readonly TargetUsage[],
  target: { provider: string; model: string },
): TargetUsage | undefined {
  return usage.find(
    ({ provider, model }) => provider === target.provider && model === target.model,
  );
}
