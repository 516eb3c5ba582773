import { Plus, Trash2 } from "lucide-react";

import { freshId, TYPES, type PromptForm, type VariableForm } from "@/features/prompts/promptForm";
import { undeclaredNames } from "@/features/prompts/templateNames";
import type { FormState } from "@/shared/forms/useForm";
import { Button, IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { INPUT_CLASSES } from "@/shared/ui/Field";

const MONO = cx(INPUT_CLASSES, "font-mono text-xs");
const GRID = cx(
  "grid items-center gap-2 max-sm:grid-cols-[minmax(0,1fr)_7rem]",
  "sm:grid-cols-[9rem_7rem_9rem_minmax(0,1fr)_1.75rem]",
);

/** The variables of a prompt. Names that the templates use and that are not declared are offered. */
export function VariablesField({ form }: { form: FormState<PromptForm> }) {
  const { variables } = form.values;
  const error = form.errorOf("variables");
  const set = (next: VariableForm[]) => form.change({ variables: next });
  const add = (name: string) =>
    set([
      ...variables,
      { id: freshId(variables), name, type: "string", default: "", description: "", values: "" },
    ]);
  return (
    <section aria-label="Variables">
      <h2 className="mb-1 text-sm font-medium">Variables</h2>
      {variables.length > 0 && (
        <div aria-hidden className={cx(GRID, "mb-1 text-xs text-ink-3 max-sm:hidden")}>
          <span>Name</span>
          <span>Type</span>
          <span>Default</span>
          <span>Description</span>
        </div>
      )}
      {variables.length > 0 && (
        <ul className="flex flex-col gap-2">
          {variables.map((variable) => (
            <VariableRow
              key={variable.id}
              variable={variable}
              onChange={(part) =>
                set(
                  variables.map((each) => (each.id === variable.id ? { ...each, ...part } : each)),
                )
              }
              onRemove={() => set(variables.filter(({ id }) => id !== variable.id))}
            />
          ))}
        </ul>
      )}
      {error && (
        <p role="alert" className="mt-1 text-xs text-danger">
          {error}
        </p>
      )}
      <div className="mt-2 flex flex-wrap gap-2">
        <Button onClick={() => add("")}>Add variable</Button>
        {undeclaredNames(form.values).map((name) => (
          <Button key={name} kind="quiet" onClick={() => add(name)} title="The template uses it.">
            <Plus size={14} />
            <span className="font-mono text-xs">{name}</span>
          </Button>
        ))}
      </div>
    </section>
  );
}

interface VariableRowProps {
  variable: VariableForm;
  onChange: (part: Partial<VariableForm>) => void;
  onRemove: () => void;
}

function VariableRow({ variable, onChange, onRemove }: VariableRowProps) {
  const name = variable.name || "the variable";
  return (
    <li className={cx(GRID, "max-sm:border-b max-sm:border-line max-sm:pb-2")}>
      <input
        aria-label="Name of the variable"
        placeholder="name"
        value={variable.name}
        onChange={(event) => onChange({ name: event.target.value })}
        className={MONO}
      />
      <select
        aria-label={`Type of ${name}`}
        value={variable.type}
        onChange={(event) =>
          onChange({ type: TYPES.find((type) => type === event.target.value) ?? "string" })
        }
        className={INPUT_CLASSES}
      >
        {TYPES.map((type) => (
          <option key={type}>{type}</option>
        ))}
      </select>
      <input
        aria-label={`Default of ${name}`}
        placeholder="required"
        value={variable.default}
        onChange={(event) => onChange({ default: event.target.value })}
        className={cx(MONO, "max-sm:col-span-2")}
      />
      <input
        aria-label={`Description of ${name}`}
        placeholder="description"
        value={variable.description}
        onChange={(event) => onChange({ description: event.target.value })}
        className={INPUT_CLASSES}
      />
      <IconButton label={`Remove ${name}`} onClick={onRemove}>
        <Trash2 size={14} />
      </IconButton>
      {variable.type === "enum" && (
        <label className="flex items-center gap-2 text-xs text-ink-2 max-sm:col-span-2 sm:col-span-3 sm:col-start-2">
          Values
          <input
            aria-label={`Values of ${name}`}
            placeholder="friendly, brief"
            value={variable.values}
            onChange={(event) => onChange({ values: event.target.value })}
            className={MONO}
          />
        </label>
      )}
    </li>
  );
}
