import { useAddDataset, type Dataset } from "@/features/datasets/queries";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { Dialog } from "@/shared/ui/Dialog";
import { SelectField, TextField } from "@/shared/ui/Field";

const EMPTY = {
  name: "",
  description: "",
  personal_data: "flag" as Dataset["personal_data"],
};

interface AddDatasetDialogProps {
  onClose: () => void;
  onAdded: (dataset: Dataset) => unknown;
}

/** Adds a dataset without items. */
export function AddDatasetDialog({ onClose, onAdded }: AddDatasetDialogProps) {
  const mutation = useAddDataset(onAdded);
  const form = useForm({ initial: EMPTY, mutation, toInput: (values) => values });
  return (
    <Dialog
      open
      onClose={onClose}
      title="New dataset"
      description="Items are added from files, from recorded calls, or by hand."
    >
      <Form form={form} submitLabel="Add dataset" onCancel={onClose}>
        <TextField
          label="Name"
          required
          maxLength={63}
          placeholder="support-questions"
          {...form.text("name")}
        />
        <TextField label="Description" maxLength={1000} {...form.text("description")} />
        <SelectField label="Items with personal data" {...form.text("personal_data")}>
          <option value="flag">Flag them</option>
          <option value="redact">Redact them</option>
          <option value="reject">Reject them</option>
        </SelectField>
      </Form>
    </Dialog>
  );
}
