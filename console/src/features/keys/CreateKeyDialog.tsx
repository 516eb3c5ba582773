import { LIFETIMES } from "@/features/keys/expiry";
import { ATTRIBUTE_PARAMS, EMPTY_FORM, toNewKey, type KeyForm } from "@/features/keys/keyForm";
import { useCreateKey } from "@/features/keys/queries";
import { ShownKey } from "@/features/keys/ShownKey";
import { KEY_ATTRIBUTES } from "@/shared/calls/attributes";
import { Form } from "@/shared/forms/Form";
import { useForm, type FormState } from "@/shared/forms/useForm";
import { Dialog } from "@/shared/ui/Dialog";
import { Disclosure } from "@/shared/ui/Disclosure";
import { SelectField, TextAreaField, TextField } from "@/shared/ui/Field";

export function CreateKeyDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateKey();
  const form = useForm({
    initial: EMPTY_FORM,
    mutation: create,
    toInput: (values) => toNewKey(values, Date.now()),
    params: ATTRIBUTE_PARAMS,
  });
  if (create.data) {
    return <ShownKey title="Key created" issued={create.data} onClose={onClose} />;
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title="Create a key"
      description="Applications send this key with every call to the gateway."
    >
      <Form form={form} submitLabel="Create key" onCancel={onClose}>
        <KeyFields form={form} />
      </Form>
    </Dialog>
  );
}

function KeyFields({ form }: { form: FormState<KeyForm> }) {
  return (
    <>
      <TextField
        label="Name"
        {...form.text("name")}
        placeholder="checkout-service"
        required
        maxLength={100}
        autoFocus
        autoComplete="off"
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField label="Expires" {...form.text("days")}>
          {LIFETIMES.map(({ days, name }) => (
            <option key={days} value={days}>
              {name}
            </option>
          ))}
        </SelectField>
        <SelectField
          label="REST API access"
          {...form.text("role")}
          hint="Permissions beyond model calls."
        >
          <option value="">None (model calls only)</option>
          <option value="viewer">Viewer</option>
          <option value="editor">Editor</option>
          <option value="admin">Admin</option>
        </SelectField>
      </div>
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField
          label="Priority"
          {...form.text("priority")}
          hint="Where calls wait for a provider, higher ones are served first."
        >
          <option value="low">Low</option>
          <option value="normal">Normal</option>
          <option value="high">High</option>
        </SelectField>
        <SelectField
          label="Unknown hints"
          {...form.text("hints")}
          hint="Such as seed or user, where a provider's format does not have them."
        >
          <option value="drop">Leave out and name</option>
          <option value="reject">Reject the request</option>
        </SelectField>
      </div>
      <TextAreaField
        label="Allowed models"
        {...form.text("allowed_models")}
        rows={2}
        placeholder="openai/gpt-4o-mini, mistral/*"
        hint="Model names or patterns. Leave empty to allow all models."
      />
      <Disclosure
        title="Attribution (optional)"
        open={form.hasError("tags", ...KEY_ATTRIBUTES.map(({ name }) => name))}
      >
        <p className="text-xs text-ink-3">
          Applied to every call made with this key. These values override request headers.
        </p>
        <div className="grid gap-x-3 sm:grid-cols-2">
          {KEY_ATTRIBUTES.map(({ name, label }) => (
            <TextField key={name} label={label} {...form.text(name)} maxLength={200} />
          ))}
        </div>
        <TextAreaField
          label="Tags"
          {...form.text("tags")}
          rows={2}
          placeholder="project: apollo, stage: beta"
          hint="Any pairs of key and value. You can filter calls by them."
        />
      </Disclosure>
    </>
  );
}
