import type { Check } from "@/features/providers/queries";
import { formatDuration } from "@/shared/format/time";
import { Notice } from "@/shared/ui/Notice";

interface CheckResultProps {
  check: Check;
  onClose?: () => void;
}

/** What came of asking a provider for its models, in words. */
export function CheckResult({ check, onClose }: CheckResultProps) {
  const took = formatDuration(check.latency_ms);
  if (!check.ok) {
    return (
      <Notice tone="danger" {...(onClose && { onClose })}>
        {check.problem} <span className="num text-ink-3">After {took}.</span>
      </Notice>
    );
  }
  const count = check.models.length;
  return (
    <Notice tone={count === 0 ? "warn" : "ok"} {...(onClose && { onClose })}>
      It answered in <span className="num">{took}</span> with <span className="num">{count}</span>{" "}
      {count === 1 ? "model" : "models"}
      {count > 0 ? "." : ": name the models that it serves under “Edit”."}
    </Notice>
  );
}
