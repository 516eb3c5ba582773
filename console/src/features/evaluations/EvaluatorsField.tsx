import { Trash2 } from "lucide-react";
import { useState } from "react";

import {
  chosenEvaluator,
  schemaOf,
  type ChosenEvaluator,
  type EvaluatorKind,
} from "@/features/evaluations/runForm";
import { SchemaFields } from "@/shared/forms/SchemaFields";
import { IconButton } from "@/shared/ui/Button";
import { Combobox } from "@/shared/ui/Combobox";
import { Disclosure } from "@/shared/ui/Disclosure";
import { TextField } from "@/shared/ui/Field";

interface EvaluatorsFieldProps {
  kinds: readonly EvaluatorKind[];
  value: readonly ChosenEvaluator[];
  onChange: (value: readonly ChosenEvaluator[]) => void;
  error: string | undefined;
  /** What it means that there are none. */
  noneHint?: string;
}

/** Evaluators, each with the options of its kind. */
export function EvaluatorsField(props: EvaluatorsFieldProps) {
  const { kinds, value, onChange, error, noneHint } = props;
  const [text, setText] = useState("");
  const enter = (entered: string) => {
    const kind = kinds.find((each) => optionText(each) === entered);
    const key = Math.max(0, ...value.map((each) => each.key)) + 1;
    if (kind) onChange([...value, chosenEvaluator(kind, key)]);
    setText(kind ? "" : entered);
  };
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-sm font-medium">Evaluators</legend>
      {value.map((chosen) => (
        <EvaluatorEntry
          key={chosen.key}
          chosen={chosen}
          kind={kinds.find((each) => each.kind === chosen.kind)}
          onChange={(next) => onChange(value.map((each) => (each === chosen ? next : each)))}
          onRemove={() => onChange(value.filter((each) => each !== chosen))}
        />
      ))}
      <Combobox
        label="Add an evaluator"
        name="evaluator"
        value={text}
        options={kinds.map(optionText)}
        placeholder="Add an evaluator, such as length or rubric …"
        onChange={enter}
      />
      {error && <p className="text-xs text-danger">{error}</p>}
      {value.length === 0 && noneHint && <p className="text-xs text-ink-3">{noneHint}</p>}
    </fieldset>
  );
}

function optionText({ kind, summary }: EvaluatorKind): string {
  return `${kind} – ${summary}`;
}

interface EvaluatorEntryProps {
  chosen: ChosenEvaluator;
  kind: EvaluatorKind | undefined;
  onChange: (chosen: ChosenEvaluator) => void;
  onRemove: () => void;
}

function EvaluatorEntry({ chosen, kind, onChange, onRemove }: EvaluatorEntryProps) {
  const schema = schemaOf(kind);
  const needed = schema.required ?? [];
  const optional = Object.keys(schema.properties ?? {}).filter((name) => !needed.includes(name));
  const part = (names: readonly string[]) => ({
    required: needed,
    properties: Object.fromEntries(
      Object.entries(schema.properties ?? {}).filter(([name]) => names.includes(name)),
    ),
  });
  const fields = (names: readonly string[]) => (
    <SchemaFields
      schema={part(names)}
      entered={chosen.entered}
      prefix={`${chosen.kind}.${chosen.key}`}
      onChange={(entered) => onChange({ ...chosen, entered })}
    />
  );
  return (
    <div role="group" aria-label={chosen.kind} className="rounded-md border border-line p-3">
      <div className="flex items-start gap-2">
        <p className="min-w-0 flex-1 text-sm">
          <span className="font-medium">{chosen.kind}</span>{" "}
          <span className="text-ink-2">{kind?.summary}</span>
        </p>
        <IconButton label={`Remove ${chosen.kind}`} className="-my-1" onClick={onRemove}>
          <Trash2 size={14} />
        </IconButton>
      </div>
      <div className="mt-2 flex flex-col gap-2">
        {fields(needed)}
        <Disclosure title="Options">
          <TextField
            label="Name of the metric"
            name={`name.${chosen.key}`}
            value={chosen.name}
            placeholder={chosen.kind}
            onChange={(event) => onChange({ ...chosen, name: event.target.value })}
          />
          {fields(optional)}
        </Disclosure>
      </div>
    </div>
  );
}
