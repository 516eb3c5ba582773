import { cx } from "@/shared/ui/classes";

interface SegmentsProps {
  label: string;
  options: readonly { value: string; name: string }[];
  value: string;
  onChange: (value: string) => void;
}

/** A choice of two or three that stand side by side. */
export function Segments({ label, options, value, onChange }: SegmentsProps) {
  return (
    <div role="radiogroup" aria-label={label} className="flex h-8 gap-0.5">
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          onClick={() => onChange(option.value)}
          className={cx(
            "max-w-40 truncate rounded-md px-2.5 text-sm font-medium",
            option.value === value ? "bg-accent-soft text-accent" : "text-ink-3 hover:text-ink",
          )}
        >
          {option.name}
        </button>
      ))}
    </div>
  );
}
