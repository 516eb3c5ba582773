import { useEffect, useRef, type ReactNode } from "react";

import {
  HealthCheckFields,
  HedgeFields,
  ShadowFields,
  LimitFields,
  StrategyField,
} from "@/features/routes/RouteFields";
import { readCondition } from "@/features/routes/conditions";
import { RouteMap } from "@/features/routes/RouteMap";
import { splitModel, type RouteForm } from "@/features/routes/routeForm";
import { TargetsField } from "@/features/routes/TargetsField";
import { Form } from "@/shared/forms/Form";
import type { FormState } from "@/shared/forms/useForm";
import { TextField } from "@/shared/ui/Field";
import { Page } from "@/shared/ui/Page";

interface RouteEditorProps {
  title: string;
  form: FormState<RouteForm>;
  /** The error of the last save, for the targets that it names. */
  error: unknown;
  notice?: ReactNode;
  submitLabel: string;
  isNew?: boolean;
  onCancel: () => void;
}

/** The form of a route, beside a drawing of what it means. */
export function RouteEditor(props: RouteEditorProps) {
  const { title, form, error, notice, submitLabel, isNew = false, onCancel } = props;
  const fields = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (error) showFirstError(fields.current);
  }, [error]);
  return (
    <Page title={title}>
      <div className="grid gap-x-12 gap-y-8 lg:grid-cols-[minmax(0,1fr)_300px]">
        <div ref={fields} className="min-w-0">
          <Form form={form} submitLabel={submitLabel} onCancel={onCancel}>
            {isNew && <NameField form={form} />}
            <TargetsField form={form} error={error} />
            <StrategyField form={form} />
            <LimitFields form={form} />
            <HealthCheckFields form={form} />
            <HedgeFields form={form} />
            <ShadowFields form={form} />
            {notice}
          </Form>
        </div>
        <aside aria-label="Preview" className="min-w-0 lg:sticky lg:top-4 lg:self-start">
          <h2 className="mb-2 text-sm font-medium">Where calls go</h2>
          <Preview values={form.values} />
        </aside>
      </div>
    </Page>
  );
}

/** The form is longer than the window: the error may be far above the button. */
function showFirstError(fields: HTMLElement | null): void {
  const found = fields?.querySelector<HTMLElement>("[aria-invalid=true], [role=alert]");
  found?.focus();
  found?.scrollIntoView({ block: "center" });
}

function NameField({ form }: { form: FormState<RouteForm> }) {
  return (
    <TextField
      label="Name"
      {...form.text("name")}
      required
      maxLength={63}
      autoFocus
      autoComplete="off"
      spellCheck={false}
      placeholder="support"
      hint="Applications send it as the model. Lower-case letters, digits, dots, dashes and underscores."
      className="max-w-sm font-mono text-xs"
    />
  );
}

function Preview({ values }: { values: RouteForm }) {
  const targets = values.targets.map(({ model, weight, priority, after, when }) => ({
    ...splitModel(model),
    weight: Number(weight) || 0,
    priority,
    after,
    when: readCondition(when),
  }));
  return <RouteMap targets={targets} strategy={values.strategy} />;
}
