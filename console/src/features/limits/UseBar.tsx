import type { LimitUse } from "@/features/limits/queries";
import { shareOf } from "@/features/limits/state";
import { formatShare } from "@/shared/format/number";
import { cx } from "@/shared/ui/classes";

interface UseBarProps {
  amount: string;
  use: LimitUse;
  tone: "neutral" | "warn" | "danger";
}

const FILLS = { neutral: "bg-chart-1", warn: "bg-chart-2", danger: "bg-danger" };

/** How much of a limit is used, and reserved by open calls. */
export function UseBar({ amount, use, tone }: UseBarProps) {
  const used = shareOf(amount, { ...use, reserved: "0" });
  const both = shareOf(amount, use);
  const label = `${formatShare(Math.min(both, 9.99))} used or reserved`;
  return (
    <span
      role="img"
      aria-label={label}
      title={label}
      className="relative block h-1.5 w-full overflow-hidden rounded-full bg-hover"
    >
      <span
        className={cx("absolute inset-y-0 left-0 opacity-40", FILLS[tone])}
        style={width(both)}
      />
      <span className={cx("absolute inset-y-0 left-0", FILLS[tone])} style={width(used)} />
    </span>
  );
}

function width(share: number) {
  return { width: `${Math.min(1, share) * 100}%`, minWidth: share > 0 ? 2 : 0 };
}
