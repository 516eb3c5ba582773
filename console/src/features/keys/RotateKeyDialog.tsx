import { OVERLAPS } from "@/features/keys/expiry";
import { useRotateKey, type Key } from "@/features/keys/queries";
import { ShownKey } from "@/features/keys/ShownKey";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { Dialog } from "@/shared/ui/Dialog";
import { SelectField } from "@/shared/ui/Field";

const ONE_DAY_S = 24 * 3600;

export function RotateKeyDialog({ subject, onClose }: { subject: Key; onClose: () => void }) {
  const rotate = useRotateKey(subject);
  const form = useForm({
    initial: { overlap_s: String(ONE_DAY_S) },
    mutation: rotate,
    toInput: ({ overlap_s }) => ({ overlap_s: Number(overlap_s) }),
  });
  if (rotate.data) return <ShownKey title="Key rotated" issued={rotate.data} onClose={onClose} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Rotate “${subject.name}”`}
      description="Creates a new secret that is valid immediately. Name, models and attribution stay the same."
    >
      <Form form={form} submitLabel="Rotate key" onCancel={onClose}>
        <SelectField
          label={`Keep the old secret (${subject.prefix}…) valid for`}
          {...form.text("overlap_s")}
          hint={
            form.values.overlap_s === "0"
              ? "Applications that still use the old secret will fail immediately."
              : "Update your applications within this time."
          }
        >
          {OVERLAPS.map(({ seconds, name }) => (
            <option key={seconds} value={seconds}>
              {name}
            </option>
          ))}
        </SelectField>
      </Form>
    </Dialog>
  );
}
