import type { Comparison, Rollout, RolloutArm } from "@/shared/releases/queries";

const COLOURS = ["--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5"];

/** The colour of an arm (a CSS variable), by its place in the rollout: equal in all charts. */
export function armColour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? "--chart-1";
}

/** An arm with its share of the units, 0 to 1. */
export interface ArmShare extends RolloutArm {
  share: number;
  isBaseline: boolean;
}

/** The arms of a rollout with their shares, the baseline first. */
export function armShares({ arms, baseline }: Pick<Rollout, "arms" | "baseline">): ArmShare[] {
  const total = arms.reduce((sum, { weight }) => sum + weight, 0);
  const shares = arms.map((arm) => ({
    ...arm,
    share: total ? arm.weight / total : 0,
    isBaseline: arms.length > 1 && arm.name === (baseline || arms[0]?.name),
  }));
  return shares.sort((one, other) => Number(other.isBaseline) - Number(one.isBaseline));
}

/** The first characters of a hash: enough to tell releases apart. */
export function shortHash(digest: string): string {
  return digest.slice(0, 12);
}

/** The state of a rollout in short. */
export function rolloutState(
  rollout: Rollout,
  comparison: Comparison | undefined,
): { tone: "ok" | "accent" | "warn" | "neutral"; name: string } {
  if (rollout.arms.length === 0) return { tone: "neutral", name: "stopped" };
  if (comparison?.status === "paused") return { tone: "warn", name: "paused" };
  if (comparison && comparison.step !== null) return { tone: "accent", name: "canary" };
  if (rollout.arms.length > 1) return { tone: "accent", name: "comparison" };
  return { tone: "ok", name: "full" };
}
