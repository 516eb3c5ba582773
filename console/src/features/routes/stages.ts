import { strategyOf } from "@/features/routes/strategies";

/** What the layout of a route needs of a target. */
interface Placed {
  weight: number;
  priority: number;
  after: readonly string[];
}

/** Targets that a route chooses from at the same time; `share` is null where weights are none. */
export interface Stage<T> {
  /** `First`, `Fallback 1` and so on. */
  name: string;
  priority: number;
  targets: { target: T; share: number | null }[];
}

/** Targets for calls that failed elsewhere for one of the causes. */
export interface CauseGroup<T> {
  causes: readonly string[];
  targets: T[];
}

export interface Layout<T> {
  stages: Stage<T>[];
  byCause: CauseGroup<T>[];
}

/** The targets of a route in the order in which calls meet them. */
export function layoutOf<T extends Placed>(targets: readonly T[], strategy: string): Layout<T> {
  const usual = targets.filter((target) => target.after.length === 0);
  const priorities = [...new Set(usual.map(({ priority }) => priority))].sort((a, b) => a - b);
  return {
    stages: priorities.map((priority, index) => ({
      name: stageName(index),
      priority,
      targets: withShares(
        usual.filter((target) => target.priority === priority),
        strategyOf(strategy).shares,
      ),
    })),
    byCause: groupsOf(targets.filter((target) => target.after.length > 0)),
  };
}

export function stageName(index: number): string {
  return index === 0 ? "First" : `Fallback ${index}`;
}

/** The share of each target among its stage. Without any weight all have the same. */
function withShares<T extends Placed>(targets: readonly T[], shares: boolean) {
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  const shareOf = ({ weight }: T) => (total > 0 ? weight / total : 1 / targets.length);
  return targets.map((target) => ({ target, share: shares ? shareOf(target) : null }));
}

function groupsOf<T extends Placed>(targets: readonly T[]): CauseGroup<T>[] {
  const groups = new Map<string, CauseGroup<T>>();
  const sorted = [...targets].sort((one, other) => one.priority - other.priority);
  for (const target of sorted) {
    const name = [...target.after].sort().join(" ");
    const group = groups.get(name) ?? { causes: target.after, targets: [] };
    group.targets.push(target);
    groups.set(name, group);
  }
  return [...groups.values()];
}
