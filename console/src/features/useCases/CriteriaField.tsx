import { Trash2 } from "lucide-react";

import { nextId, type CriterionForm, type UseCaseForm } from "@/features/useCases/useCaseForm";
import type { FormState } from "@/shared/forms/useForm";
import { Button, IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { INPUT_CLASSES } from "@/shared/ui/Field";

const GRID = cx(
  "grid items-center gap-2 grid-cols-[minmax(0,1fr)_5rem_5rem_1.75rem]",
  "sm:grid-cols-[10rem_5rem_5rem_minmax(0,1fr)_1.75rem]",
);

/** The targets of quality of a use case: scores, and which values are good enough. */
export function CriteriaField({ form }: { form: FormState<UseCaseForm> }) {
  const { criteria } = form.values;
  const error = form.errorOf("criteria");
  const set = (next: CriterionForm[]) => form.change({ criteria: next });
  const add = () =>
    set([
      ...criteria,
      { id: nextId(criteria), name: "", description: "", at_least: "", at_most: "" },
    ]);
  return (
    <section aria-label="Criteria of quality">
      <h2 className="mb-1 text-sm font-medium">Criteria of quality</h2>
      {criteria.length > 0 && (
        <div aria-hidden className={cx(GRID, "mb-1 text-xs text-ink-3")}>
          <span>Score</span>
          <span>At least</span>
          <span>At most</span>
          <span className="max-sm:hidden">Description</span>
        </div>
      )}
      <ul className="flex flex-col gap-2">
        {criteria.map((criterion) => (
          <CriterionRow
            key={criterion.id}
            criterion={criterion}
            onChange={(part) =>
              set(criteria.map((each) => (each.id === criterion.id ? { ...each, ...part } : each)))
            }
            onRemove={() => set(criteria.filter(({ id }) => id !== criterion.id))}
          />
        ))}
      </ul>
      {error && (
        <p role="alert" className="mt-1 text-xs text-danger">
          {error}
        </p>
      )}
      <Button className="mt-2" onClick={add}>
        Add criterion
      </Button>
    </section>
  );
}

interface CriterionRowProps {
  criterion: CriterionForm;
  onChange: (part: Partial<CriterionForm>) => void;
  onRemove: () => void;
}

function CriterionRow({ criterion, onChange, onRemove }: CriterionRowProps) {
  const name = criterion.name || "the criterion";
  const bounds = ["at_least", "at_most"] as const;
  return (
    <li className={GRID}>
      <input
        aria-label="Name of the score"
        placeholder="helpful"
        value={criterion.name}
        onChange={(event) => onChange({ name: event.target.value })}
        className={cx(INPUT_CLASSES, "font-mono text-xs")}
      />
      {bounds.map((bound) => (
        <input
          key={bound}
          aria-label={`${bound === "at_least" ? "Least" : "Largest"} value of ${name}`}
          inputMode="decimal"
          placeholder={bound === "at_least" ? "0.9" : ""}
          value={criterion[bound]}
          onChange={(event) => onChange({ [bound]: event.target.value })}
          className={cx(INPUT_CLASSES, "num")}
        />
      ))}
      <input
        aria-label={`Description of ${name}`}
        placeholder="what it means"
        value={criterion.description}
        onChange={(event) => onChange({ description: event.target.value })}
        className={cx(INPUT_CLASSES, "max-sm:order-last max-sm:col-span-4")}
      />
      <IconButton label={`Remove ${name}`} onClick={onRemove}>
        <Trash2 size={14} />
      </IconButton>
    </li>
  );
}
