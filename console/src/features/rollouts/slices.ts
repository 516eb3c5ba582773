import type { RolloutChange } from "@/features/rollouts/queries";
import type { ChartedSlice } from "@/shared/measures/SliceCharts";
import { armColour, armShares, shortHash } from "@/shared/releases/arms";
import type { Rollout } from "@/shared/releases/queries";
import type { RangeSearch } from "@/shared/timeRange";

const SHOWN_RELEASES = 4;

/** The calls of a rollout that are drawn apart: by arm while several answer, else by release, with
 * the releases before. */
export function slicesOf(
  rollout: Rollout,
  history: readonly RolloutChange[],
  range: RangeSearch,
): ChartedSlice[] {
  const base = {
    use_case: [rollout.use_case],
    environment: [rollout.environment],
    ...range,
  };
  if (rollout.arms.length > 1) {
    return armShares(rollout).map(({ name, release }, index) => ({
      name,
      colour: armColour(index),
      filter: { ...base, arm: [name], release: [release] },
    }));
  }
  const arms = [...rollout.arms, ...history.flatMap((change) => change.arms)];
  const releases = [...new Set(arms.map(({ release }) => release))].slice(0, SHOWN_RELEASES);
  return releases.map((release, index) => ({
    name: shortHash(release),
    colour: armColour(index),
    filter: { ...base, release: [release] },
  }));
}
