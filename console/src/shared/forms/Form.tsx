import type { ReactNode } from "react";

import type { FormState } from "@/shared/forms/useForm";
import { Button } from "@/shared/ui/Button";
import { DialogActions } from "@/shared/ui/Dialog";
import { ErrorNotice } from "@/shared/ui/ErrorState";

interface FormProps {
  form: Pick<FormState<never>, "submit" | "busy" | "error">;
  submitLabel: string;
  /** Adds a Cancel button. Left out on pages that are a form. */
  onCancel?: () => void;
  children: ReactNode;
}

/** A form: its fields, an error that belongs to no field, and its buttons. */
export function Form({ form, submitLabel, onCancel, children }: FormProps) {
  const submit = (
    <Button type="submit" kind="primary" busy={form.busy}>
      {submitLabel}
    </Button>
  );
  return (
    <form noValidate className="flex flex-col gap-3" onSubmit={form.submit}>
      {children}
      {Boolean(form.error) && <ErrorNotice error={form.error} />}
      {onCancel ? (
        <DialogActions>
          <Button onClick={onCancel}>Cancel</Button>
          {submit}
        </DialogActions>
      ) : (
        submit
      )}
    </form>
  );
}
