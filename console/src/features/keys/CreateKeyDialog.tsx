import { useId } from "react";

import { LIFETIMES } from "@/features/keys/expiry";
import { NewSecret } from "@/features/keys/NewSecret";
import { useCreateKey } from "@/features/keys/queries";
import { readWish } from "@/features/keys/wish";
import { faultOf, isElsewhere } from "@/shared/api/faults";
import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Field, SelectField } from "@/shared/ui/Field";
import { More } from "@/shared/ui/More";
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
      description="Applications send it with each call to the gateway."
    >
      <KeyForm
        error={create.error}
        busy={create.isPending}
        onClose={onClose}
        onSubmit={(form) => create.mutate(readWish(form, Date.now()))}
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

const SHOWN_AT_FIELDS = ["name", "allowed_models", "attributes"];

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
        error={faultOf(error, "name")}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField label="Expires" name="days">
          {LIFETIMES.map(({ days, name }) => (
            <option key={days} value={days}>
              {name}
            </option>
          ))}
        </SelectField>
        <SelectField
          label="Role at the REST API"
          name="role"
          hint="What it may do besides calling models."
        >
          <option value="">None: it only calls models</option>
          <option value="viewer">Viewer</option>
          <option value="editor">Editor</option>
          <option value="admin">Admin</option>
        </SelectField>
      </div>
      <TextAreaField
        label="Models it may call"
        name="allowed_models"
        rows={2}
        placeholder="openai/gpt-4o-mini, mistral/*"
        hint="Names or patterns. Empty: all models of this project."
        error={faultOf(error, "allowed_models")}
      />
      <More title="Say for whom its calls are">
        <p className="text-xs text-ink-3">
          What stands here holds for every call with this key, whatever its headers say.
        </p>
        <AttributeFields />
      </More>
      {isElsewhere(error, SHOWN_AT_FIELDS) && (
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
