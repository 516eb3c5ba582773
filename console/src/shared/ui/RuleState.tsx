import { Badge } from "@/shared/ui/Badge";

interface RuleStateProps {
  rule: { error: string; added_today: number; daily_cap: number };
  paused: boolean;
}

/** Whether a rule that adds items works. */
export function RuleState({ rule, paused }: RuleStateProps) {
  if (paused) return <Badge>paused</Badge>;
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
