import type { TargetForm } from "@/features/routes/routeForm";
import { CAUSES, type Cause } from "@/features/routes/strategies";
import { TargetRow } from "@/features/routes/TargetRow";
import type { TargetsContext } from "@/features/routes/TargetsField";
import { toggled, ToggleGroup } from "@/shared/ui/ToggleGroup";

/** The targets for calls that failed for certain causes; nothing without any. */
export function CauseField({ context }: { context: TargetsContext }) {
  const { targets, onChange } = context;
  const here = targets.filter((target) => target.after.length > 0);
  if (here.length === 0) return null;
  const toggle = (target: TargetForm, cause: Cause) => {
    const after = toggled(target.after, cause);
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
  const options = CAUSES.map(({ value, name, sentence }) => ({ value, name, title: sentence }));
  return (
    <div className="mt-2">
      <ToggleGroup
        label={`Causes of ${target.model}`}
        options={options}
        selected={target.after}
        onToggle={(value) => onToggle(value as Cause)}
      />
    </div>
  );
}
