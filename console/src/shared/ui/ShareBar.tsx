import { formatShare } from "@/shared/format/number";
import { cx } from "@/shared/ui/classes";

const TONES = ["opacity-100", "opacity-65", "opacity-40", "opacity-25"];

interface ShareBarProps {
  shares: readonly { name: string; share: number }[];
}

/** Shares of a whole, side by side. */
export function ShareBar({ shares }: ShareBarProps) {
  const label = shares.map(({ name, share }) => `${name} ${formatShare(share)}`).join(", ");
  return (
    <span role="img" aria-label={label} className="flex h-1.5 w-full gap-px">
      {shares
        .filter(({ share }) => share > 0)
        .map(({ name, share }, index) => (
          <span
            key={name}
            className={cx("h-full min-w-0.5 bg-chart-1", TONES[index % TONES.length])}
            style={{ flexGrow: share }}
          />
        ))}
    </span>
  );
}
