import { OTHER, PRESETS, type Preset } from "@/features/providers/presets";
import { cx } from "@/shared/ui/classes";

interface PresetChoiceProps {
  chosen: Preset;
  onChoose: (preset: Preset) => void;
}

/** Who it is: fills in the rest of the form. */
export function PresetChoice({ chosen, onChoose }: PresetChoiceProps) {
  return (
    <div role="radiogroup" aria-label="Provider" className="flex flex-wrap gap-1.5">
      {[...PRESETS, OTHER].map((preset) => (
        <button
          key={preset.id}
          type="button"
          role="radio"
          aria-checked={preset.id === chosen.id}
          onClick={() => onChoose(preset)}
          className={cx(
            "h-7 rounded-md border px-2.5 text-sm",
            preset.id === chosen.id
              ? "border-accent bg-accent-soft font-medium text-accent"
              : "border-line text-ink-2 hover:border-line-strong hover:text-ink",
          )}
        >
          {preset.label}
        </button>
      ))}
    </div>
  );
}
