import { Plus } from "lucide-react";
import type { ReactNode } from "react";

import { CheckField } from "@/features/guardrails/CheckField";
import { addCheck, type CheckForm, type PolicyForm } from "@/features/guardrails/policyForm";
import { PolicyMap } from "@/features/guardrails/PolicyMap";
import { ConditionsField } from "@/shared/calls/ConditionsField";
import { fieldError } from "@/shared/forms/fieldErrors";
import { Form } from "@/shared/forms/Form";
import type { FormState } from "@/shared/forms/useForm";
import { Button } from "@/shared/ui/Button";
import { TextField } from "@/shared/ui/Field";
import { Page } from "@/shared/ui/Page";

interface PolicyEditorProps {
  title: string;
  form: FormState<PolicyForm>;
  /** The error of the last save, for the checks that it names. */
  error: unknown;
  notice?: ReactNode;
  submitLabel: string;
  onCancel: () => void;
}

/** The form of a policy, beside a drawing of what it means. */
export function PolicyEditor(props: PolicyEditorProps) {
  const { title, form, error, notice, submitLabel, onCancel } = props;
  return (
    <Page title={title}>
      <div className="grid gap-x-12 gap-y-8 lg:grid-cols-[minmax(0,1fr)_300px]">
        <div className="min-w-0">
          <Form form={form} submitLabel={submitLabel} onCancel={onCancel}>
            <TextField
              label="Name"
              {...form.text("name")}
              required
              maxLength={80}
              autoFocus
              autoComplete="off"
              placeholder="no secrets"
              className="max-w-sm"
            />
            <ChecksField form={form} error={error} />
            <ConditionsField
              title="Calls that it is for"
              only={form.values.only}
              error={form.errorOf("only")}
              onChange={(only) => form.change({ only })}
            />
            {notice}
          </Form>
        </div>
        <aside aria-label="Preview" className="min-w-0 lg:sticky lg:top-4 lg:self-start">
          <h2 className="mb-2 text-sm font-medium">What a call passes</h2>
          <PolicyMap checks={form.values.checks} />
        </aside>
      </div>
    </Page>
  );
}

function ChecksField({ form, error }: Pick<PolicyEditorProps, "form" | "error">) {
  const { checks } = form.values;
  const shown = form.errorOf("checks");
  const isOfServer = shown !== undefined && shown === fieldError(error, "checks");
  const ofRow = (index: number) => (isOfServer ? fieldError(error, `checks.${index}`) : undefined);
  const ofNoRow = checks.some((_, index) => ofRow(index)) ? undefined : shown;
  const replace = (id: number, part: Partial<CheckForm>) =>
    form.change({ checks: checks.map((one) => (one.id === id ? { ...one, ...part } : one)) });
  const remove = (id: number) => form.change({ checks: checks.filter((one) => one.id !== id) });
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="mb-1 text-sm font-medium">Checks</legend>
      {checks.map((check, index) => (
        <CheckField
          key={check.id}
          check={check}
          number={index + 1}
          error={ofRow(index)}
          onChange={(part) => replace(check.id, part)}
          {...(checks.length > 1 && { onRemove: () => remove(check.id) })}
        />
      ))}
      <div>
        <Button onClick={() => form.change({ checks: addCheck(checks) })}>
          <Plus size={14} className="text-ink-3" />
          Add check
        </Button>
      </div>
      {ofNoRow && (
        <p role="alert" className="text-xs text-danger">
          {ofNoRow}
        </p>
      )}
    </fieldset>
  );
}
