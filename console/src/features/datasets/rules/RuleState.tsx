import type { DatasetRule } from "@/features/datasets/queries";
import { Badge } from "@/shared/ui/Badge";

/** Whether a rule works. */
export function RuleState({ rule }: { rule: DatasetRule }) {
  if (!rule.enabled) return <Badge>paused</Badge>;
  if (rule.error) {
    return (
      <span title={rule.error}>
        <Badge tone="danger">failing</Badge>
      </span>
    );
  }
  if (rule.added_today >= rule.daily_cap) return <Badge tone="warn">cap of today reached</Badge>;
  return <Badge tone="ok">running</Badge>;
}
