import { useId } from "react";

import { LIFETIMES } from "@/features/keys/expiry";
import { NewSecret } from "@/features/keys/NewSecret";
import { useCreateKey } from "@/features/keys/queries";
import { readKeyForm } from "@/features/keys/keyForm";
import { fieldError, hasFormError } from "@/shared/api/fieldErrors";
import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Field, SelectField } from "@/shared/ui/Field";
import { Disclosure } from "@/shared/ui/Disclosure";
import { Notice } from "@/shared/ui/Notice";
import { TextAreaField } from "@/shared/ui/TextAreaField";

export function CreateKeyDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateKey();
  if (create.data) {
    return <NewSecret title="Key created" made={create.data} onClose={onClose} />;
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title="Create a key"
      description="Applications send this key with every call to the gateway."
    >
      <KeyForm
        error={create.error}
        busy={create.isPending}
        onClose={onClose}
        onSubmit={(form) => create.mutate(readKeyForm(form, Date.now()))}
      />
    </Dialog>
  );
}

interface KeyFormProps {
  error: unknown;
  busy: boolean;
  onSubmit: (form: FormData) => void;
  onClose: () => void;
}

const FIELDS_WITH_ERRORS = ["name", "allowed_models", "attributes"];

function KeyForm({ error, busy, onSubmit, onClose }: KeyFormProps) {
  const id = useId();
  return (
    <form
      id={id}
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(new FormData(event.currentTarget));
      }}
    >
      <Field
        label="Name"
        name="name"
        placeholder="checkout-service"
        required
        maxLength={100}
        autoFocus
        autoComplete="off"
        error={fieldError(error, "name")}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField label="Expires" name="days">
          {LIFETIMES.map(({ days, name }) => (
            <option key={days} value={days}>
              {name}
            </option>
          ))}
        </SelectField>
        <SelectField label="REST API access" name="role" hint="Permissions beyond model calls.">
          <option value="">None (model calls only)</option>
          <option value="viewer">Viewer</option>
          <option value="editor">Editor</option>
          <option value="admin">Admin</option>
        </SelectField>
      </div>
      <TextAreaField
        label="Allowed models"
        name="allowed_models"
        rows={2}
        placeholder="openai/gpt-4o-mini, mistral/*"
        hint="Model names or patterns. Leave empty to allow all models."
        error={fieldError(error, "allowed_models")}
      />
      <Disclosure title="Attribution (optional)">
        <p className="text-xs text-ink-3">
          Applied to every call made with this key. These values override request headers.
        </p>
        <AttributeFields />
      </Disclosure>
      {hasFormError(error, FIELDS_WITH_ERRORS) && (
        <Notice tone="danger">
          <ErrorText error={error} />
        </Notice>
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" kind="primary" busy={busy}>
          Create key
        </Button>
      </DialogActions>
    </form>
  );
}

function AttributeFields() {
  return (
    <div className="grid gap-x-3 sm:grid-cols-2">
      <Field label="Team" name="team" maxLength={200} />
      <Field label="Use case" name="use_case" maxLength={200} />
      <Field label="Environment" name="environment" maxLength={200} />
      <Field label="Segment" name="segment" maxLength={200} />
      <Field label="User" name="user" maxLength={200} />
    </div>
  );
}
