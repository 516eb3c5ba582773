import type { ReactNode } from "react";

import { MessagesField } from "@/features/prompts/MessagesField";
import { Preview } from "@/features/prompts/Preview";
import type { Content, PromptForm } from "@/features/prompts/promptForm";
import { VariablesField } from "@/features/prompts/VariablesField";
import { Form } from "@/shared/forms/Form";
import type { FormState } from "@/shared/forms/useForm";
import { Disclosure } from "@/shared/ui/Disclosure";
import { CheckboxField, TextAreaField, TextField } from "@/shared/ui/Field";
import { Page } from "@/shared/ui/Page";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { TemplateText } from "@/shared/ui/TemplateText";

interface PromptEditorProps {
  title: string;
  form: FormState<PromptForm>;
  /** The partials of the version that is edited. */
  partials?: Content["partials"];
  notice?: ReactNode;
  submitLabel: string;
  isNew?: boolean;
  onCancel: () => void;
}

/** The form of a version, beside what it renders to. */
export function PromptEditor(props: PromptEditorProps) {
  const { title, form, partials = {}, notice, submitLabel, isNew = false, onCancel } = props;
  const { values } = form;
  return (
    <Page title={title}>
      <div className="grid gap-x-10 gap-y-8 xl:grid-cols-[minmax(0,1fr)_26rem]">
        <div className="min-w-0">
          <Form form={form} submitLabel={submitLabel} onCancel={onCancel}>
            {isNew && <NewFields form={form} />}
            {values.kind === "chat" ? <MessagesField form={form} /> : <TextBody form={form} />}
            <VariablesField form={form} />
            <OtherParts form={form} />
            {Object.keys(partials).length > 0 && (
              <CheckboxField
                label="Take the present versions of partials"
                hint={`Otherwise they stay as they are: ${Object.keys(partials).join(", ")}.`}
                {...form.checkbox("renewPartials")}
              />
            )}
            <TextField
              label="What you changed"
              {...form.text("message")}
              maxLength={1000}
              placeholder={isNew ? "First version" : "Shorter greeting"}
            />
            {notice}
          </Form>
        </div>
        <Preview values={values} partials={partials} />
      </div>
    </Page>
  );
}

function NewFields({ form }: { form: FormState<PromptForm> }) {
  return (
    <div className="flex flex-wrap items-start gap-x-6 gap-y-3">
      <div className="min-w-64 flex-1">
        <TextField
          label="Name"
          {...form.text("name")}
          required
          maxLength={200}
          autoFocus
          autoComplete="off"
          spellCheck={false}
          placeholder="support/triage"
          hint="Applications ask for it by this name. Folders end with a slash."
          className="font-mono text-xs"
        />
      </div>
      <div>
        <div className="mb-1 text-sm font-medium">Kind</div>
        <SegmentedControl
          label="Kind"
          options={[
            { value: "chat", name: "Chat" },
            { value: "text", name: "Text" },
          ]}
          value={form.values.kind}
          onChange={(kind) => form.change({ kind: kind === "text" ? "text" : "chat" })}
        />
      </div>
    </div>
  );
}

function TextBody({ form }: { form: FormState<PromptForm> }) {
  const error = form.errorOf("text");
  return (
    <section aria-label="Text">
      <h2 className="mb-1 text-sm font-medium">Text</h2>
      <TemplateText
        label="Text"
        value={form.values.text}
        onChange={(text) => form.change({ text })}
        placeholder="Hello {{ name }}"
      />
      {error && <p className="mt-1 text-xs text-danger">{error}</p>}
    </section>
  );
}

/** The parts that are stored and returned as they are. */
function OtherParts({ form }: { form: FormState<PromptForm> }) {
  const { parameters, tools, response_schema } = form.values;
  return (
    <Disclosure
      title="Parameters, tools, response schema"
      open={Boolean(parameters || tools || response_schema)}
    >
      <TextAreaField
        label="Parameters"
        {...form.text("parameters")}
        placeholder={'{"temperature": 0.2}'}
        hint="JSON. Returned to applications as it is."
      />
      <TextAreaField label="Tools" {...form.text("tools")} rows={4} hint="A JSON list." />
      <TextAreaField
        label="Response schema"
        {...form.text("response_schema")}
        rows={4}
        hint="The JSON schema of answers."
      />
    </Disclosure>
  );
}
