import { useQuery } from "@tanstack/react-query";

import type { RunForm } from "@/features/evaluations/runForm";
import { usableKeysQuery } from "@/shared/calls/keys";
import type { FormState } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";
import { SelectField, TextField } from "@/shared/ui/Field";

/** The key as which models are called. */
export function KeyField({ form }: { form: FormState<Pick<RunForm, "key_id">> }) {
  const keys = useQuery(usableKeysQuery(useProjectId())).data ?? [];
  return (
    <SelectField
      label="Key"
      {...form.text("key_id")}
      hint="The key as which models are called; its limits hold."
    >
      <option value="">None</option>
      {keys.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </SelectField>
  );
}

type Calls = Pick<RunForm, "repeats" | "concurrency" | "cost_cap_usd">;

/** How a run calls, and what it may cost. */
export function CallFields({ form }: { form: FormState<Calls> }) {
  return (
    <div className="grid gap-3 sm:grid-cols-3">
      <TextField label="Repeats" type="number" min={1} max={100} {...form.text("repeats")} />
      <TextField
        label="Calls at once"
        type="number"
        min={1}
        max={64}
        {...form.text("concurrency")}
      />
      <TextField
        label="Cost cap of a run (USD)"
        type="number"
        min={0}
        step="any"
        {...form.text("cost_cap_usd")}
        hint="0 for none."
      />
    </div>
  );
}
