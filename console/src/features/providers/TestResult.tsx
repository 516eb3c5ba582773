import type { Check } from "@/features/providers/queries";
import { formatDuration } from "@/shared/format/time";
import { Notice } from "@/shared/ui/Notice";

interface TestResultProps {
  check: Check;
  onClose?: () => void;
}

/** The result of testing a provider. */
export function TestResult({ check, onClose }: TestResultProps) {
  const took = formatDuration(check.latency_ms);
  if (!check.ok) {
    return (
      <Notice tone="danger" {...(onClose && { onClose })}>
        {check.problem} <span className="num text-ink-3">({took})</span>
      </Notice>
    );
  }
  const count = check.models.length;
  return (
    <Notice tone={count === 0 ? "warn" : "ok"} {...(onClose && { onClose })}>
      Connected in <span className="num">{took}</span>. <span className="num">{count}</span>{" "}
      {count === 1 ? "model" : "models"} found.
      {count === 0 && " Enter its models under “Edit”."}
    </Notice>
  );
}
