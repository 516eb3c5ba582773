import type { LimitForm } from "@/features/limits/limitForm";
import { LIMIT_DIMENSIONS } from "@/features/limits/scope";
import type { FormState } from "@/shared/forms/useForm";
import { cx } from "@/shared/ui/classes";

const MAX = 4;

/** The dimensions of which each value has a counter of its own. */
export function PerField({ form }: { form: FormState<LimitForm> }) {
  const { per } = form.values;
  const toggle = (dimension: string) =>
    form.change({
      per: per.includes(dimension) ? per.filter((one) => one !== dimension) : [...per, dimension],
    });
  return (
    <fieldset>
      <legend className="text-sm font-medium">Count each on its own</legend>
      <p className="mb-2 text-xs text-ink-3">
        Each value of these may use the whole amount. Without any there is one counter.
      </p>
      <div className="flex flex-wrap gap-1">
        {LIMIT_DIMENSIONS.map(({ value, label }) => {
          const pressed = per.includes(value);
          return (
            <button
              key={value}
              type="button"
              aria-pressed={pressed}
              disabled={!pressed && per.length >= MAX}
              onClick={() => toggle(value)}
              className={cx(
                "h-6 rounded-md border px-2 text-xs whitespace-nowrap disabled:opacity-50",
                pressed
                  ? "border-accent bg-accent-soft font-medium text-accent"
                  : "border-line-strong text-ink-2 hover:text-ink",
              )}
            >
              {label}
            </button>
          );
        })}
      </div>
      {form.errorOf("per") && (
        <p role="alert" className="mt-1 text-xs text-danger">
          {form.errorOf("per")}
        </p>
      )}
    </fieldset>
  );
}
