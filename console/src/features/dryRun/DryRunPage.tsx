import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";

import {
  bodyOf,
  emptyForm,
  parseBody,
  PATHS,
  toDryRun,
  type DryRunForm,
} from "@/features/dryRun/dryRunForm";
import { ExplanationView } from "@/features/dryRun/ExplanationView";
import { useDryRun } from "@/features/dryRun/queries";
import { CALL_ATTRIBUTES } from "@/shared/calls/attributes";
import { ConditionsField } from "@/shared/calls/ConditionsField";
import { usableKeysQuery } from "@/shared/calls/keys";
import { routesQuery } from "@/shared/calls/routes";
import { modelsQuery } from "@/shared/exampleCalls";
import { Form } from "@/shared/forms/Form";
import { useForm, type FormState } from "@/shared/forms/useForm";
import { useMay, useProjectId } from "@/shared/session";
import { Combobox } from "@/shared/ui/Combobox";
import { Disclosure } from "@/shared/ui/Disclosure";
import { EmptyState } from "@/shared/ui/EmptyState";
import { SelectField, TextAreaField } from "@/shared/ui/Field";
import { Page } from "@/shared/ui/Page";

const ATTRIBUTES = CALL_ATTRIBUTES.filter(({ name }) => name !== "client_token").map(
  ({ name, label }) => ({ value: name, label }),
);
const ATTRIBUTE_HINTS = ["None, besides those of the key.", "As headers of the request."] as const;

/** Explains what a request would do, without sending it to a provider. */
export function DryRunPage() {
  const { model = "" } = useSearch({ from: "/signed-in/projects/$projectId/dry-run" });
  const mutation = useDryRun();
  const form = useForm({ initial: emptyForm(model), mutation, toInput: toDryRun });
  return (
    <Page title="Dry run">
      <div className="grid gap-x-12 gap-y-8 lg:grid-cols-[360px_minmax(0,1fr)]">
        <div className="min-w-0">
          <Form form={form} submitLabel="Explain">
            <RequestFields form={form} />
          </Form>
        </div>
        <section aria-label="Explanation" aria-live="polite" className="min-w-0">
          {mutation.data ? (
            <ExplanationView found={mutation.data} />
          ) : (
            <EmptyState title="What would this request do?">
              The gateway explains where it would go, what it would cost at most, which limits count
              it and which checks it passes. It calls no provider and reserves nothing.
            </EmptyState>
          )}
        </section>
      </div>
    </Page>
  );
}

function RequestFields({ form }: { form: FormState<DryRunForm> }) {
  const projectId = useProjectId();
  const models = useQuery(modelsQuery(projectId)).data ?? [];
  const routes = useQuery(routesQuery(projectId)).data ?? [];
  return (
    <>
      <div className="flex flex-col gap-1">
        <span className="text-sm font-medium">Model or route</span>
        <Combobox
          label="Model or route"
          name="model"
          value={form.values.model}
          options={[...routes.map(({ name }) => name), ...models]}
          required
          invalid={form.errorOf("model") !== undefined}
          onChange={(model) => form.change({ model })}
        />
        {form.errorOf("model") && <p className="text-xs text-danger">{form.errorOf("model")}</p>}
      </div>
      <SelectField
        label="Path"
        {...form.text("path")}
        onChange={({ target: { value } }) => form.change({ path: value, body: bodyOf(value) })}
      >
        {PATHS.map(({ path }) => (
          <option key={path} value={path}>
            {path}
          </option>
        ))}
      </SelectField>
      <TextAreaField
        label="Body"
        {...form.text("body")}
        rows={9}
        spellCheck={false}
        hint="JSON, without the model."
        onChange={(event) => {
          const isValid = parseBody(event.target.value) !== null;
          event.target.setCustomValidity(isValid ? "" : "The body must be a JSON object.");
          form.change({ body: event.target.value });
        }}
      />
      <KeyField form={form} />
      <Disclosure title="Attributes and headers (optional)" open={form.hasError("attributes")}>
        <ConditionsField
          title="Attributes and tags of the call"
          only={form.values.attributes}
          error={form.errorOf("attributes")}
          onChange={(attributes) => form.change({ attributes })}
          dimensions={ATTRIBUTES}
          hints={ATTRIBUTE_HINTS}
        />
        <TextAreaField
          label="Headers"
          {...form.text("headers")}
          rows={2}
          placeholder="x-penstock-cache: 3600"
        />
      </Disclosure>
    </>
  );
}

function KeyField({ form }: { form: FormState<DryRunForm> }) {
  const projectId = useProjectId();
  const canRead = useMay()("keys:read");
  const keys = useQuery({ ...usableKeysQuery(projectId), enabled: canRead }).data ?? [];
  if (!canRead) return null;
  return (
    <SelectField
      label="Key"
      {...form.text("key_id")}
      hint="What a key fixes wins over the request."
    >
      <option value="">Any key that may call all models</option>
      {keys.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </SelectField>
  );
}
