import { useQuery } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";

import {
  addCondition,
  callDimension,
  CONDITION_DIMENSIONS,
  TAG,
  type ConditionForm,
} from "@/shared/calls/conditions";
import { facetsQuery } from "@/shared/calls/queries";
import { useValueText } from "@/shared/calls/Scope";
import { modelsQuery } from "@/shared/exampleCalls";
import { useProjectId } from "@/shared/session";
import { Button, IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { Combobox } from "@/shared/ui/Combobox";
import { INPUT_CLASSES } from "@/shared/ui/Field";

interface ConditionsFieldProps {
  title: string;
  only: readonly ConditionForm[];
  error: string | undefined;
  onChange: (only: ConditionForm[]) => void;
  /** What a row can be about, besides tags. */
  dimensions?: typeof CONDITION_DIMENSIONS;
  /** What no row means, and what several mean. */
  hints?: readonly [none: string, some: string];
}

const HINTS = [
  "All calls of the project.",
  "Rows of one dimension are alternatives; all dimensions must match.",
] as const;

/** For which calls something is: rows of a dimension and a value. */
export function ConditionsField(props: ConditionsFieldProps) {
  const { title, only, error, onChange, dimensions = CONDITION_DIMENSIONS, hints = HINTS } = props;
  const replace = (id: number, part: Partial<ConditionForm>) =>
    onChange(only.map((each) => (each.id === id ? { ...each, ...part } : each)));
  return (
    <fieldset>
      <legend className="text-sm font-medium">{title}</legend>
      <p className="mb-2 text-xs text-ink-3">{hints[only.length === 0 ? 0 : 1]}</p>
      <ul className="mb-2 flex flex-col gap-2">
        {only.map((condition) => (
          <ConditionRow
            key={condition.id}
            condition={condition}
            dimensions={dimensions}
            invalid={error !== undefined}
            onChange={(part) => replace(condition.id, part)}
            onRemove={() => onChange(only.filter(({ id }) => id !== condition.id))}
          />
        ))}
      </ul>
      <Button onClick={() => onChange(addCondition(only))}>
        <Plus size={14} className="text-ink-3" />
        Add condition
      </Button>
      {error && (
        <p role="alert" className="mt-1 text-xs text-danger">
          {error}
        </p>
      )}
    </fieldset>
  );
}

interface ConditionRowProps {
  condition: ConditionForm;
  dimensions: typeof CONDITION_DIMENSIONS;
  invalid: boolean;
  onChange: (part: Partial<ConditionForm>) => void;
  onRemove: () => void;
}

function ConditionRow(props: ConditionRowProps) {
  const { condition, dimensions, invalid, onChange, onRemove } = props;
  const { dimension, tag, value } = condition;
  const options = useOptions(dimension);
  const textOf = useValueText();
  return (
    <li className="flex flex-wrap items-center gap-2 sm:flex-nowrap">
      <select
        aria-label="Dimension"
        value={dimension}
        onChange={(event) => onChange({ dimension: event.target.value, value: "" })}
        className={cx(INPUT_CLASSES, "w-32! shrink-0")}
      >
        {[...dimensions, { value: TAG, label: "Tag" }].map((one) => (
          <option key={one.value} value={one.value}>
            {one.label}
          </option>
        ))}
      </select>
      {dimension === TAG && (
        <input
          name="only"
          aria-label="Name of the tag"
          placeholder="plan"
          required
          value={tag}
          onChange={(event) => onChange({ tag: event.target.value })}
          className={cx(INPUT_CLASSES, "w-24! shrink-0")}
        />
      )}
      <Combobox
        label="Value"
        name="only"
        required
        invalid={invalid}
        value={value}
        options={options}
        placeholder={dimension === "model" ? "openai/gpt-*" : ""}
        render={(option) => textOf(dimension, option)}
        onChange={(next) => onChange({ value: next })}
      />
      <IconButton label="Remove condition" onClick={onRemove}>
        <X size={14} />
      </IconButton>
    </li>
  );
}

/** The values that calls of the last days had. */
function useOptions(dimension: string): readonly string[] {
  const projectId = useProjectId();
  const facets = useQuery(facetsQuery(projectId, { range: "7d" })).data;
  const models = useQuery(modelsQuery(projectId)).data;
  if (dimension === "model") return models ?? [];
  const known = callDimension(dimension);
  return (known && facets?.[known]) ?? [];
}
