import { cx } from "@/shared/ui/classes";

interface SegmentedControlProps {
  label: string;
  options: readonly { value: string; name: string }[];
  value: string;
  onChange: (value: string) => void;
}

/** A choice between a few options, side by side where there is space. */
export function SegmentedControl({ label, options, value, onChange }: SegmentedControlProps) {
  return (
    <div role="radiogroup" aria-label={label} className="flex flex-wrap gap-0.5">
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          onClick={() => onChange(option.value)}
          className={cx(
            "h-8 max-w-40 truncate rounded-md px-2.5 text-sm font-medium",
            option.value === value ? "bg-accent-soft text-accent" : "text-ink-3 hover:text-ink",
          )}
        >
          {option.name}
        </button>
      ))}
    </div>
  );
}
