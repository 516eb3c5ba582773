import type { TargetForm } from "@/features/routes/routeForm";
import { CAUSES, type Cause } from "@/features/routes/strategies";
import { TargetRow } from "@/features/routes/TargetRow";
import type { TargetsContext } from "@/features/routes/TargetsField";
import { cx } from "@/shared/ui/classes";

/** The targets for calls that failed for certain causes; nothing without any. */
export function CauseField({ context }: { context: TargetsContext }) {
  const { targets, onChange } = context;
  const here = targets.filter((target) => target.after.length > 0);
  if (here.length === 0) return null;
  const toggle = (target: TargetForm, cause: Cause) => {
    const after = target.after.includes(cause)
      ? target.after.filter((each) => each !== cause)
      : [...target.after, cause];
    if (after.length === 0) return; // without a cause it would be a target for every call
    onChange(targets.map((each) => (each.id === target.id ? { ...each, after } : each)));
  };
  return (
    <section aria-label="By cause" className="rounded-lg border border-line p-3">
      <header className="mb-2 flex h-6 items-center">
        <h3 className="text-xs font-medium text-ink-2">
          By cause
          <span className="font-normal text-ink-3"> – only if an attempt failed because …</span>
        </h3>
      </header>
      <ul className="flex flex-col gap-4">
        {here.map((target) => (
          <TargetRow key={target.id} target={target} context={context}>
            <Causes target={target} onToggle={(cause) => toggle(target, cause)} />
          </TargetRow>
        ))}
      </ul>
    </section>
  );
}

interface CausesProps {
  target: TargetForm;
  onToggle: (cause: Cause) => void;
}

function Causes({ target, onToggle }: CausesProps) {
  return (
    <div
      role="group"
      aria-label={`Causes of ${target.model}`}
      className="mt-2 flex flex-wrap gap-1"
    >
      {CAUSES.map(({ value, name, sentence }) => {
        const pressed = target.after.includes(value);
        return (
          <button
            key={value}
            type="button"
            aria-pressed={pressed}
            title={sentence}
            onClick={() => onToggle(value)}
            className={cx(
              "h-6 rounded-md border px-2 text-xs whitespace-nowrap",
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
