import { cx } from "@/shared/ui/classes";

interface ToggleGroupProps {
  label: string;
  options: readonly { value: string; name: string; title?: string }[];
  selected: readonly string[];
  onToggle: (value: string) => void;
  /** Whether no further one can be selected. */
  full?: boolean;
}

/** A set of values of which any number is selected. */
export function ToggleGroup({ label, options, selected, onToggle, full }: ToggleGroupProps) {
  return (
    <div role="group" aria-label={label} className="flex flex-wrap gap-1">
      {options.map(({ value, name, title }) => {
        const pressed = selected.includes(value);
        return (
          <button
            key={value}
            type="button"
            aria-pressed={pressed}
            title={title}
            disabled={!pressed && full}
            onClick={() => onToggle(value)}
            className={cx(
              "h-6 rounded-md border px-2 text-xs whitespace-nowrap disabled:opacity-50",
              pressed
                ? "border-accent bg-accent-soft font-medium text-accent"
                : "border-line-strong text-ink-2 hover:text-ink",
            )}
          >
            {name}
          </button>
        );
      })}
    </div>
  );
}

/** Adds a value, or removes it if present. */
export function toggled<T extends string>(values: readonly T[], value: T): T[] {
  return values.includes(value) ? values.filter((one) => one !== value) : [...values, value];
}
