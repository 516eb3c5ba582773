import type { RouteForm } from "@/features/routes/routeForm";
import { STRATEGIES, strategyOf } from "@/features/routes/strategies";
import type { FormState } from "@/shared/forms/useForm";
import { cx } from "@/shared/ui/classes";
import { SelectField, TextField } from "@/shared/ui/Field";

interface FieldsProps {
  form: FormState<RouteForm>;
}

/** The strategies, each with its explanation. */
export function StrategyField({ form }: FieldsProps) {
  const selected = form.values.strategy;
  const isKnown = STRATEGIES.some(({ value }) => value === selected);
  const shown = isKnown ? STRATEGIES : [...STRATEGIES, strategyOf(selected)];
  const error = form.errorOf("strategy");
  return (
    <fieldset className="mt-3">
      <legend className="text-sm font-medium">Strategy</legend>
      <p className="mb-2 text-xs text-ink-3">Which target of a stage gets a call.</p>
      <div className="grid gap-2 sm:grid-cols-2">
        {shown.map(({ value, name, sentence }) => (
          <label
            key={value}
            className={cx(
              "flex cursor-pointer items-start gap-2 rounded-md border px-3 py-2",
              "focus-within:outline-2 focus-within:outline-offset-1 focus-within:outline-accent",
              value === selected
                ? "border-accent bg-accent-soft"
                : "border-line-strong hover:bg-hover",
            )}
          >
            <input
              type="radio"
              name="strategy"
              className="mt-0.5 size-4 shrink-0 accent-[var(--accent)] outline-none"
              checked={value === selected}
              onChange={() => form.change({ strategy: value })}
            />
            <span>
              <span className="block text-sm font-medium">{name}</span>
              <span className="block text-xs text-ink-2">{sentence}</span>
            </span>
          </label>
        ))}
      </div>
      {error && <p className="mt-1 text-xs text-danger">{error}</p>}
    </fieldset>
  );
}

/** Attempts and time limits. */
export function LimitFields({ form }: FieldsProps) {
  return (
    <div className="mt-3 grid gap-3 sm:grid-cols-3">
      <TextField
        label="Attempts"
        {...form.text("max_attempts")}
        type="number"
        required
        min={1}
        max={10}
        hint="Of a call, with the first one: 1 to 10."
      />
      <TextField
        label="First token timeout"
        {...form.text("first_token_timeout")}
        type="number"
        min={0.1}
        max={3600}
        step="any"
        placeholder="No limit"
        hint="Seconds until a stream has content."
      />
      <TextField
        label="Total timeout"
        {...form.text("total_timeout")}
        type="number"
        min={0.1}
        max={3600}
        step="any"
        placeholder="No limit"
        hint="Seconds for all attempts together."
      />
    </div>
  );
}

/** How targets without calls are checked. */
export function HealthCheckFields({ form }: FieldsProps) {
  return (
    <div className="mt-3 grid gap-3 sm:grid-cols-3">
      <SelectField
        label="Health check"
        {...form.text("health_check")}
        hint="Finds a target that has failed before a caller meets it."
      >
        <option value="">None</option>
        <option value="models">List of models</option>
        <option value="call">Small call (costs tokens)</option>
      </SelectField>
      {form.values.health_check !== "" && (
        <TextField
          label="Interval"
          {...form.text("health_check_s")}
          type="number"
          required
          min={5}
          max={3600}
          hint="Seconds without a call before a check."
        />
      )}
    </div>
  );
}

/** When a second target is asked beside a silent one, and how long answers are cached. */
export function HedgeFields({ form }: FieldsProps) {
  return (
    <div className="mt-3 grid gap-3 sm:grid-cols-3">
      <TextField
        label="Hedged streams"
        {...form.text("hedge_percent")}
        type="number"
        min={0}
        max={50}
        placeholder="None"
        hint="Percent that may ask a second target while the first one is silent."
      />
      {Number(form.values.hedge_percent) > 0 && (
        <TextField
          label="Hedge after"
          {...form.text("hedge_after")}
          type="number"
          min={0.1}
          max={3600}
          step="any"
          placeholder="Longer than usual"
          hint="Seconds without content."
        />
      )}
      <TextField
        label="Cached answers"
        {...form.text("cache_s")}
        type="number"
        min={0}
        max={2592000}
        placeholder="None"
        hint="Seconds for which answers are cached. The header x-penstock-cache wins."
      />
    </div>
  );
}

/** The model that a share of the calls is sent to as well. */
export function ShadowFields({ form }: FieldsProps) {
  return (
    <div className="mt-3 grid gap-3 sm:grid-cols-3">
      <TextField
        label="Shadow"
        {...form.text("shadow")}
        placeholder="None"
        autoComplete="off"
        hint="provider/model that gets answered calls as well; its answers are only recorded."
        className="font-mono text-xs"
      />
      {form.values.shadow.trim() !== "" && (
        <TextField
          label="Share of calls"
          {...form.text("shadow_percent")}
          type="number"
          min={0.01}
          max={100}
          step="any"
          placeholder="1"
          hint="Percent."
        />
      )}
    </div>
  );
}
