import type { ReactNode } from "react";

import { DatasetField } from "@/features/evaluations/DatasetField";
import { EvaluatorsField } from "@/features/evaluations/EvaluatorsField";
import type { EvaluatorKind } from "@/features/evaluations/runForm";
import { CallFields, KeyField } from "@/features/evaluations/RunFields";
import { ScheduledTargetField } from "@/features/evaluations/schedules/ScheduledTargetField";
import type { ScheduleForm } from "@/features/evaluations/schedules/scheduleForm";
import { TimesField } from "@/features/evaluations/schedules/TimesField";
import { TriggersField } from "@/features/evaluations/schedules/TriggersField";
import { Form } from "@/shared/forms/Form";
import type { FormState } from "@/shared/forms/useForm";
import { Disclosure } from "@/shared/ui/Disclosure";
import { SelectField, TextField } from "@/shared/ui/Field";
import { Page } from "@/shared/ui/Page";

interface ScheduleEditorProps {
  title: string;
  form: FormState<ScheduleForm>;
  kinds: readonly EvaluatorKind[];
  isNew?: boolean;
  /** Shown above the form. */
  notice?: ReactNode;
  submitLabel: string;
  onCancel: () => void;
}

/** The form of a schedule: when, what, and at what cost. */
export function ScheduleEditor(props: ScheduleEditorProps) {
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
              placeholder="nightly"
              hint="Small letters, digits and hyphens."
            />
          )}
          <TimesField form={form} />
          <TriggersField
            value={values.triggers}
            onChange={(triggers) => form.change({ triggers })}
            error={form.errorOf("triggers")}
          />
          <DatasetField form={form} />
          <ScheduledTargetField form={form} />
          <EvaluatorsField
            kinds={kinds}
            value={values.evaluators}
            onChange={(evaluators) => form.change({ evaluators })}
            error={form.errorOf("evaluators")}
            noneHint="Without evaluators the runs only call the target."
          />
          <KeyField form={form} />
          <CallFields form={form} />
          <BudgetFields form={form} />
          <FurtherFields form={form} />
        </Form>
      </div>
    </Page>
  );
}

function BudgetFields({ form }: { form: FormState<ScheduleForm> }) {
  return (
    <div className="grid gap-3 sm:grid-cols-3">
      <TextField
        label="Budget of all runs (USD)"
        type="number"
        min={0}
        max={1000000}
        step="any"
        {...form.text("budget_usd")}
        hint="0 for none."
      />
      <SelectField label="Period of the budget" {...form.text("budget_period")} hint="In UTC.">
        <option value="day">A day</option>
        <option value="month">A month</option>
      </SelectField>
      <TextField
        label="Runs to keep"
        type="number"
        min={1}
        max={1000}
        required
        {...form.text("keep_runs")}
        hint="Older ones are removed, unless something refers to them."
      />
    </div>
  );
}

function FurtherFields({ form }: { form: FormState<ScheduleForm> }) {
  return (
    <Disclosure title="Further settings" open={form.hasError("label", "baseline_run")}>
      <TextField
        label="Label of the runs"
        {...form.text("label")}
        placeholder="The name of the schedule"
        maxLength={200}
      />
      <TextField
        label="Baseline run"
        {...form.text("baseline_run")}
        hint="The id of a run whose answers pairwise judges compare with; for a fixed version of the dataset."
      />
    </Disclosure>
  );
}
