import type { ReactNode } from "react";

import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { Dialog } from "@/shared/ui/Dialog";
import { SelectField, TextField } from "@/shared/ui/Field";

export interface ReasonInput {
  message: string;
  /** The arm that is chosen, if there are several. */
  arm: string;
}

interface ReasonDialogProps {
  title: string;
  /** What follows from the action. */
  children: ReactNode;
  confirm: string;
  mutation: { mutate: (input: ReasonInput) => void; isPending: boolean; error: unknown };
  /** Arms to choose from. */
  arms?: readonly string[];
  onClose: () => void;
}

/** Asks for a reason before a change of a rollout, and shows its error. */
export function ReasonDialog(props: ReasonDialogProps) {
  const { title, children, confirm, mutation, arms = [], onClose } = props;
  const form = useForm({
    initial: { message: "", arm: arms[0] ?? "" },
    mutation,
    toInput: (values) => values,
  });
  return (
    <Dialog open onClose={onClose} title={title} description={children}>
      <Form form={form} submitLabel={confirm} onCancel={onClose}>
        {arms.length > 1 && (
          <SelectField label="Arm" {...form.text("arm")}>
            {arms.map((arm) => (
              <option key={arm}>{arm}</option>
            ))}
          </SelectField>
        )}
        <TextField label="Reason" {...form.text("message")} maxLength={1000} autoFocus />
      </Form>
    </Dialog>
  );
}
