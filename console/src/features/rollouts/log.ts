import type { Decision, RolloutChange } from "@/features/rollouts/queries";

/** One entry of the log of a rollout: a change, with the decision that made it if a rule did; or a
 * decision that changed no release, such as a pause. */
export interface LogEntry {
  at: string;
  change?: RolloutChange;
  decision?: Decision;
}

const SAME_MS = 2000;

/** Changes and decisions in one list, newest first. */
export function logOf(
  changes: readonly RolloutChange[],
  decisions: readonly Decision[],
): LogEntry[] {
  const used = new Set<Decision>();
  const entries = changes.map((change): LogEntry => {
    const decision = decisions.find((each) => !used.has(each) && isOf(change, each));
    if (!decision) return { at: change.changed_at, change };
    used.add(decision);
    return { at: change.changed_at, change, decision };
  });
  const alone = decisions
    .filter((decision) => !used.has(decision))
    .map((decision): LogEntry => ({ at: decision.decided_at, decision }));
  return [...entries, ...alone].sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
}

function isOf(change: RolloutChange, { decided_at, reason }: Decision): boolean {
  const distance = Math.abs(Date.parse(change.changed_at) - Date.parse(decided_at));
  return change.message === reason && distance < SAME_MS;
}
