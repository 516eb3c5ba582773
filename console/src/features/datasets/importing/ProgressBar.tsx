interface ProgressBarProps {
  label: string;
  /** From 0 to 1. */
  share: number;
}

/** How far something is. */
export function ProgressBar({ label, share }: ProgressBarProps) {
  const percent = Math.round(share * 100);
  return (
    <div className="flex items-center gap-3 py-3 text-sm">
      <span className="text-ink-2">{label}</span>
      <div
        role="progressbar"
        aria-label={label}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        className="h-1.5 w-64 max-w-full overflow-hidden rounded-full bg-sunken"
      >
        <div className="h-full bg-accent" style={{ width: `${percent}%` }} />
      </div>
      <span className="num text-ink-3">{percent}%</span>
    </div>
  );
}
