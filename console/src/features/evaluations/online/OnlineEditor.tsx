import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { EvaluatorsField } from "@/features/evaluations/EvaluatorsField";
import { DrawForecast } from "@/features/evaluations/online/DrawForecast";
import type { OnlineForm } from "@/features/evaluations/online/onlineForm";
import type { EvaluatorKind } from "@/features/evaluations/runForm";
import { ConditionsField } from "@/shared/calls/ConditionsField";
import { usableKeysQuery } from "@/shared/calls/keys";
import { SELECTION_DIMENSIONS } from "@/shared/calls/selection";
import { Form } from "@/shared/forms/Form";
import type { FormState } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";
import { Disclosure } from "@/shared/ui/Disclosure";
import { SelectField, TextField } from "@/shared/ui/Field";
import { Page } from "@/shared/ui/Page";

const FILTER_HINTS = [
  "All answered calls with text.",
  "Rows of one field are alternatives; all fields must match.",
] as const;

interface OnlineEditorProps {
  title: string;
  form: FormState<OnlineForm>;
  kinds: readonly EvaluatorKind[];
  isNew?: boolean;
  /** Shown above the form. */
  notice?: ReactNode;
  submitLabel: string;
  onCancel: () => void;
}

/** The form of an online evaluation, with a forecast of the calls that it draws. */
export function OnlineEditor(props: OnlineEditorProps) {
  const { title, form, kinds, isNew = false, notice, submitLabel, onCancel } = props;
  const { values } = form;
  return (
    <Page title={title}>
      <div className="max-w-2xl space-y-3">
        {notice}
        <Form form={form} submitLabel={submitLabel} onCancel={onCancel}>
          {isNew && (
            <TextField
              label="Name"
              {...form.text("name")}
              required
              pattern="[a-z][a-z0-9\-]{0,62}"
              placeholder="support-quality"
              hint="Small letters, digits and hyphens."
            />
          )}
          <ConditionsField
            title="Calls"
            only={values.filter}
            error={form.errorOf("filter")}
            dimensions={SELECTION_DIMENSIONS}
            hints={FILTER_HINTS}
            onChange={(filter) => form.change({ filter })}
          />
          <TextField
            label="Text in input or output"
            {...form.text("text")}
            maxLength={400}
            placeholder="Any text"
          />
          <DrawFields form={form} />
          <EvaluatorsField
            kinds={kinds}
            value={values.evaluators}
            onChange={(evaluators) => form.change({ evaluators })}
            error={form.errorOf("evaluators")}
            noneHint="At least one. Live traffic has no expected answers: evaluators that need one are refused."
          />
          <JudgeFields form={form} />
          <DrawForecast form={values} />
        </Form>
      </div>
    </Page>
  );
}

function DrawFields({ form }: { form: FormState<OnlineForm> }) {
  return (
    <div className="grid gap-3 sm:grid-cols-3">
      <TextField
        label="Share of the traces (%)"
        type="number"
        min={0.0001}
        max={100}
        step="any"
        required
        {...form.text("share")}
      />
      <TextField
        label="Calls a day at most"
        type="number"
        min={1}
        max={100000}
        required
        {...form.text("daily_calls")}
      />
      <TextField
        label="Delay (s)"
        type="number"
        min={60}
        max={604800}
        required
        hint="How long a call waits, for example for feedback."
        {...form.text("delay_s")}
      />
    </div>
  );
}

function JudgeFields({ form }: { form: FormState<OnlineForm> }) {
  const keys = useQuery(usableKeysQuery(useProjectId())).data ?? [];
  const wrong = form.hasError("budget_usd", "key_id", "context_variable");
  const used = form.values.budget_usd !== "0" || form.values.key_id !== "";
  return (
    <Disclosure title="Judges" open={wrong || used}>
      <p className="text-xs text-ink-3">
        Evaluators that ask models need a budget and a key, whose limits hold.
      </p>
      <div className="grid gap-3 sm:grid-cols-3">
        <TextField
          label="Budget (USD)"
          type="number"
          min={0}
          max={1000000}
          step="any"
          {...form.text("budget_usd")}
        />
        <SelectField label="Period of the budget" {...form.text("budget_period")}>
          <option value="day">A day</option>
          <option value="month">A month</option>
        </SelectField>
        <SelectField label="Key" {...form.text("key_id")}>
          <option value="">None</option>
          {keys.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </SelectField>
      </div>
      <TextField
        label="Variable with the passages"
        {...form.text("context_variable")}
        maxLength={100}
        placeholder="passages"
        hint="The variable of requests to a use case that has the retrieved passages; for evaluators of retrieval."
      />
    </Disclosure>
  );
}
