import { useQuery } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";

import type { TriggerEvent } from "@/features/evaluations/schedules/queries";
import { addTrigger, type TriggerForm } from "@/features/evaluations/schedules/scheduleForm";
import { TRIGGER_EVENTS } from "@/features/evaluations/schedules/words";
import { datasetChoicesQuery } from "@/shared/datasets/queries";
import { promptChoicesQuery } from "@/shared/prompts/queries";
import { useProjectId } from "@/shared/session";
import { Button, IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { Combobox } from "@/shared/ui/Combobox";
import { INPUT_CLASSES } from "@/shared/ui/Field";

const MOST = 10; // the server's limit

interface TriggersFieldProps {
  value: readonly TriggerForm[];
  onChange: (value: readonly TriggerForm[]) => void;
  error: string | undefined;
}

/** The changes after which a schedule starts a run. */
export function TriggersField({ value, onChange, error }: TriggersFieldProps) {
  const replace = (next: TriggerForm) =>
    onChange(value.map((each) => (each.key === next.key ? next : each)));
  return (
    <fieldset>
      <legend className="text-sm font-medium">Changes</legend>
      <p className="mb-2 text-xs text-ink-3">A run starts after each of them, too.</p>
      <ul className="flex flex-col gap-2 not-empty:mb-2">
        {value.map((trigger) => (
          <TriggerRow
            key={trigger.key}
            trigger={trigger}
            onChange={replace}
            onRemove={() => onChange(value.filter(({ key }) => key !== trigger.key))}
          />
        ))}
      </ul>
      {value.length < MOST && (
        <Button onClick={() => onChange(addTrigger(value))}>
          <Plus size={14} className="text-ink-3" />
          Add change
        </Button>
      )}
      {error && (
        <p role="alert" className="mt-1 text-xs text-danger">
          {error}
        </p>
      )}
    </fieldset>
  );
}

interface TriggerRowProps {
  trigger: TriggerForm;
  onChange: (trigger: TriggerForm) => void;
  onRemove: () => void;
}

const ANY: Record<TriggerEvent, string> = {
  prompt_version: "Any prompt",
  prompt_label: "Any prompt",
  release: "Of any prompt",
  dataset_version: "The dataset of the schedule",
};

function TriggerRow({ trigger, onChange, onRemove }: TriggerRowProps) {
  const { event, name, label } = trigger;
  const names = useNames(event);
  return (
    <li className="flex flex-wrap items-center gap-2 sm:flex-nowrap">
      <select
        aria-label="Change"
        value={event}
        onChange={({ target }) =>
          onChange({ ...trigger, event: target.value as TriggerEvent, name: "", label: "" })
        }
        className={cx(INPUT_CLASSES, "w-56! shrink-0")}
      >
        {TRIGGER_EVENTS.map((one) => (
          <option key={one.value} value={one.value}>
            {one.name}
          </option>
        ))}
      </select>
      <Combobox
        label={event === "dataset_version" ? "Dataset of the change" : "Prompt of the change"}
        name="triggers"
        value={name}
        options={names}
        placeholder={ANY[event]}
        onChange={(next) => onChange({ ...trigger, name: next })}
      />
      {event === "prompt_label" && (
        <input
          aria-label="Label that moves"
          placeholder="Any label"
          maxLength={63}
          value={label}
          onChange={({ target }) => onChange({ ...trigger, label: target.value })}
          className={cx(INPUT_CLASSES, "w-28! shrink-0")}
        />
      )}
      <IconButton label="Remove change" onClick={onRemove}>
        <X size={14} />
      </IconButton>
    </li>
  );
}

function useNames(event: TriggerEvent): string[] {
  const projectId = useProjectId();
  const datasets = useQuery(datasetChoicesQuery(projectId)).data ?? [];
  const prompts = useQuery(promptChoicesQuery(projectId)).data ?? [];
  return (event === "dataset_version" ? datasets : prompts).map(({ name }) => name);
}
