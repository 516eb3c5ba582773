import { cx } from "@/shared/ui/classes";

interface SegmentedControlProps {
  label: string;
  options: readonly { value: string; name: string }[];
  value: string;
  onChange: (value: string) => void;
}

/** A choice between two or three options, side by side. */
export function SegmentedControl({ label, options, value, onChange }: SegmentedControlProps) {
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
