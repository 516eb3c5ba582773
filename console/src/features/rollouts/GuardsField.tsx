import { Trash2 } from "lucide-react";

import { guardForm, type ComparisonForm, type GuardForm } from "@/features/rollouts/comparisonForm";
import { METRICS } from "@/features/rollouts/guards";
import type { FormState } from "@/shared/forms/useForm";
import { Button, IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { INPUT_CLASSES, TextField } from "@/shared/ui/Field";

const MAX_GUARDS = 10;

/** The metrics that a candidate must keep, each with its bound. */
export function GuardsField({ form }: { form: FormState<ComparisonForm> }) {
  const { guards } = form.values;
  const error = form.errorOf("guards");
  const set = (next: GuardForm[]) => form.change({ guards: next });
  const add = () => set([...guards, guardForm(nextId(guards), "score", "5")]);
  return (
    <section aria-label="Guard metrics">
      <h2 className="text-sm font-medium">Guard metrics</h2>
      <p className="mb-2 text-xs text-ink-3">
        A candidate that is shown to be beyond a bound is rolled back; one that is within all of
        them is promoted after the last step.
      </p>
      <ul className="flex flex-col gap-2">
        {guards.map((guard) => (
          <GuardRow
            key={guard.id}
            guard={guard}
            onChange={(part) =>
              set(guards.map((each) => (each.id === guard.id ? { ...each, ...part } : each)))
            }
            onRemove={() => set(guards.filter(({ id }) => id !== guard.id))}
          />
        ))}
      </ul>
      {error && (
        <p role="alert" className="mt-1 text-xs text-danger">
          {error}
        </p>
      )}
      <div className="mt-2 flex flex-wrap items-end gap-4">
        {guards.length < MAX_GUARDS && <Button onClick={add}>Add metric</Button>}
        <div className="w-44">
          <TextField
            label="Least units of each arm"
            {...form.text("minimum")}
            type="number"
            min={1}
            className="num"
          />
        </div>
      </div>
    </section>
  );
}

function nextId(guards: readonly GuardForm[]): number {
  return Math.max(-1, ...guards.map(({ id }) => id)) + 1;
}

interface GuardRowProps {
  guard: GuardForm;
  onChange: (part: Partial<GuardForm>) => void;
  onRemove: () => void;
}

function GuardRow({ guard, onChange, onRemove }: GuardRowProps) {
  const { metric } = guard;
  const name = METRICS.find(({ value }) => value === metric)?.name ?? metric;
  return (
    <li className="flex flex-wrap items-center gap-2 text-sm">
      <select
        aria-label="Metric"
        title={METRICS.find(({ value }) => value === metric)?.sentence}
        value={metric}
        onChange={(event) => {
          const found = METRICS.find(({ value }) => value === event.target.value);
          if (found) onChange({ metric: found.value });
        }}
        className={cx(INPUT_CLASSES, "max-w-32")}
      >
        {METRICS.map(({ value, name: label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      {metric === "score" && (
        <input
          aria-label="Name of the score"
          placeholder="helpful"
          value={guard.score}
          required
          onChange={(event) => onChange({ score: event.target.value })}
          className={cx(INPUT_CLASSES, "max-w-32 font-mono text-xs")}
        />
      )}
      {metric === "slow" && (
        <Amount
          label="longer than"
          unit="ms"
          value={guard.limit}
          name="limit"
          onChange={onChange}
        />
      )}
      {metric === "cost" && (
        <Amount label="limit" unit="USD" value={guard.limit} name="limit" onChange={onChange} />
      )}
      <Amount label="at most" unit="%" value={guard.ratio} name="ratio" onChange={onChange} />
      <Amount
        label={metric === "score" ? "of what the baseline lacks, plus" : "of the baseline, plus"}
        unit="%"
        value={guard.margin}
        name="margin"
        onChange={onChange}
      />
      <select
        aria-label={`If ${name} is beyond its bound`}
        value={guard.action}
        onChange={(event) =>
          onChange({ action: event.target.value === "pause" ? "pause" : "roll_back" })
        }
        className={cx(INPUT_CLASSES, "max-w-28")}
      >
        <option value="roll_back">Roll back</option>
        <option value="pause">Pause</option>
      </select>
      <IconButton label={`Remove ${name}`} onClick={onRemove}>
        <Trash2 size={14} />
      </IconButton>
    </li>
  );
}

interface AmountProps {
  label: string;
  unit: string;
  name: "limit" | "ratio" | "margin";
  value: string;
  onChange: (part: Partial<GuardForm>) => void;
}

function Amount({ label, unit, name, value, onChange }: AmountProps) {
  return (
    <label className="flex items-center gap-1.5 text-xs text-ink-3">
      {label}
      <input
        aria-label={`${label} (${unit})`}
        inputMode="decimal"
        value={value}
        onChange={(event) => onChange({ [name]: event.target.value })}
        className={cx(INPUT_CLASSES, "num max-w-18 text-right")}
      />
      {unit}
    </label>
  );
}
