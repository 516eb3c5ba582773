import type { ReactNode } from "react";

import { CriteriaField } from "@/features/useCases/CriteriaField";
import { EnvironmentsField } from "@/features/useCases/EnvironmentsField";
import type { UseCaseForm } from "@/features/useCases/useCaseForm";
import { RISK_TIERS, STATUSES } from "@/features/useCases/words";
import { Form } from "@/shared/forms/Form";
import type { FormState } from "@/shared/forms/useForm";
import { SelectField, TextAreaField, TextField } from "@/shared/ui/Field";
import { Page } from "@/shared/ui/Page";

interface UseCaseEditorProps {
  title: string;
  form: FormState<UseCaseForm>;
  notice?: ReactNode;
  submitLabel: string;
  isNew?: boolean;
  onCancel: () => void;
}

/** The form of a use case. */
export function UseCaseEditor(props: UseCaseEditorProps) {
  const { title, form, notice, submitLabel, isNew = false, onCancel } = props;
  return (
    <Page title={title}>
      <div className="max-w-3xl">
        <Form form={form} submitLabel={submitLabel} onCancel={onCancel}>
          {isNew && (
            <TextField
              label="Name"
              {...form.text("name")}
              placeholder="support-answers"
              hint="Applications send it as their model."
              required
              maxLength={63}
              autoFocus
              autoComplete="off"
            />
          )}
          <TextAreaField
            label="Purpose"
            {...form.text("purpose")}
            placeholder="Answers questions of customers about their orders."
            maxLength={4000}
          />
          <div className="grid gap-3 sm:grid-cols-2">
            <TextField
              label="Owner"
              {...form.text("owner")}
              placeholder="support team"
              maxLength={127}
            />
            <TextField
              label="Classes of data"
              {...form.text("data_classes")}
              placeholder="customer names, order numbers"
              hint="Separated by commas."
            />
            <SelectField label="Risk tier" {...form.text("risk_tier")}>
              {RISK_TIERS.map(({ value, name }) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </SelectField>
            <SelectField
              label="Status"
              {...form.text("status")}
              hint="A retired use case takes no new release."
            >
              {STATUSES.map(({ value, name }) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </SelectField>
            <TextField
              label="Intended domain"
              {...form.text("intended_domain")}
              placeholder="orders and returns in Europe"
              maxLength={4000}
            />
            <TextField
              label="Intended users"
              {...form.text("intended_users")}
              placeholder="customers who are signed in"
              maxLength={4000}
            />
          </div>
          <CriteriaField form={form} />
          <EnvironmentsField form={form} />
          {notice}
        </Form>
      </div>
    </Page>
  );
}
