import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";

import { ACTIONS, actionOf, PLACES, type Action, type Place } from "@/features/guardrails/places";
import { canAskAgain, parseOptions, type CheckForm } from "@/features/guardrails/policyForm";
import { detectorsQuery } from "@/features/guardrails/queries";
import { useProjectId } from "@/shared/session";
import { IconButton } from "@/shared/ui/Button";
import { Combobox } from "@/shared/ui/Combobox";
import { Disclosure } from "@/shared/ui/Disclosure";
import { SelectField, TextAreaField, TextField } from "@/shared/ui/Field";
import { toggled, ToggleGroup } from "@/shared/ui/ToggleGroup";

interface CheckFieldProps {
  check: CheckForm;
  number: number;
  error: string | undefined;
  onChange: (part: Partial<CheckForm>) => void;
  /** Left out for the only check. */
  onRemove?: () => void;
}

/** One check of a policy. */
export function CheckField({ check, number, error, onChange, onRemove }: CheckFieldProps) {
  const detectors = useQuery(detectorsQuery(useProjectId())).data ?? [];
  const name = `Check ${number}`;
  return (
    <section aria-label={name} className="flex flex-col gap-3 rounded-lg border border-line p-3">
      <header className="flex h-6 items-center justify-between">
        <h3 className="text-xs font-medium text-ink-2">{name}</h3>
        <IconButton label={`Remove ${name}`} disabled={!onRemove} onClick={onRemove}>
          <X size={14} />
        </IconButton>
      </header>
      <div className="grid items-start gap-3 sm:grid-cols-2">
        <div className="flex flex-col gap-1">
          <span className="text-sm font-medium">Detector</span>
          <Combobox
            label="Detector"
            name="checks"
            value={check.detector}
            options={detectors}
            required
            invalid={error !== undefined}
            placeholder={detectors[0] ?? ""}
            onChange={(detector) => onChange({ detector })}
          />
        </div>
        <SelectField
          label="A finding"
          value={check.action}
          onChange={(event) => onChange({ action: event.target.value as Action })}
          hint={actionOf(check.action)?.sentence}
        >
          {ACTIONS.map(({ value, name }) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </SelectField>
      </div>
      <div className="flex flex-col gap-1">
        <span className="text-sm font-medium">Looks at</span>
        <ToggleGroup
          label={`Places of ${name}`}
          options={PLACES}
          selected={check.places}
          onToggle={(place) => {
            const places = toggled(check.places, place as Place);
            if (places.length > 0) onChange({ places });
          }}
        />
      </div>
      <Disclosure title="Failures and options" open={error !== undefined}>
        <MoreFields check={check} onChange={onChange} />
      </Disclosure>
      {error && (
        <p role="alert" className="text-xs text-danger">
          {error}
        </p>
      )}
    </section>
  );
}

type MoreFieldsProps = Pick<CheckFieldProps, "check" | "onChange">;

function MoreFields({ check, onChange }: MoreFieldsProps) {
  return (
    <>
      <div className="grid gap-3 sm:grid-cols-3">
        <SelectField
          label="If it cannot judge"
          value={check.on_failure}
          onChange={(event) => onChange({ on_failure: event.target.value })}
        >
          <option value="closed">End the call</option>
          <option value="open">Let the text pass</option>
        </SelectField>
        <TextField
          label="Time limit in ms"
          name="checks"
          type="number"
          min={1}
          max={60_000}
          required
          value={check.timeout_ms}
          onChange={(event) => onChange({ timeout_ms: event.target.value })}
        />
        {canAskAgain(check) && (
          <TextField
            label="Ask again"
            name="checks"
            type="number"
            min={0}
            max={3}
            required
            value={check.ask_again}
            onChange={(event) => onChange({ ask_again: event.target.value })}
            hint="Other answers before it blocks."
          />
        )}
      </div>
      <TextAreaField
        label="Options of the detector"
        name="checks"
        value={check.options}
        rows={3}
        placeholder="{}"
        hint="A JSON object."
        onChange={(event) => {
          const isValid = parseOptions(event.target.value) !== null;
          event.target.setCustomValidity(isValid ? "" : "The options must be a JSON object.");
          onChange({ options: event.target.value });
        }}
      />
    </>
  );
}
