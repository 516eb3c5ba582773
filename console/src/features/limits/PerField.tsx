import type { LimitForm } from "@/features/limits/limitForm";
import { CONDITION_DIMENSIONS } from "@/shared/calls/conditions";
import type { FormState } from "@/shared/forms/useForm";
import { toggled, ToggleGroup } from "@/shared/ui/ToggleGroup";

const MAX = 4;

/** The dimensions of which each value has a counter of its own. */
export function PerField({ form }: { form: FormState<LimitForm> }) {
  const { per } = form.values;
  return (
    <fieldset>
      <legend className="text-sm font-medium">Count each on its own</legend>
      <p className="mb-2 text-xs text-ink-3">
        Each value of these may use the whole amount. Without any there is one counter.
      </p>
      <ToggleGroup
        label="Dimensions"
        options={CONDITION_DIMENSIONS.map(({ value, label }) => ({ value, name: label }))}
        selected={per}
        onToggle={(dimension) => form.change({ per: toggled(per, dimension) })}
        full={per.length >= MAX}
      />
      {form.errorOf("per") && (
        <p role="alert" className="mt-1 text-xs text-danger">
          {form.errorOf("per")}
        </p>
      )}
    </fieldset>
  );
}
