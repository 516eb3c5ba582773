import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { useAddEvidence, type ReleaseEvidence } from "@/shared/releases/protection";
import { Dialog } from "@/shared/ui/Dialog";
import { SelectField, TextField } from "@/shared/ui/Field";

interface RecordEvidenceDialogProps {
  release: string;
  onClose: () => void;
}

/** Records what a test or an evaluation found. */
export function RecordEvidenceDialog({ release, onClose }: RecordEvidenceDialogProps) {
  const form = useForm({
    initial: { kind: "evaluation", result: "passed", run: "" },
    mutation: useAddEvidence(release, onClose),
    toInput: ({ result, ...rest }) => ({
      ...rest,
      result: result as ReleaseEvidence["result"],
      figures: {},
    }),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Record evidence"
      description="It cannot be changed; newer evidence of its kind replaces what it says."
    >
      <Form form={form} submitLabel="Record" onCancel={onClose}>
        <TextField label="Kind" {...form.text("kind")} hint="What was tested." required />
        <SelectField label="Result" {...form.text("result")}>
          <option value="passed">Passed</option>
          <option value="failed">Failed</option>
          <option value="unmeasurable">Could not be measured</option>
        </SelectField>
        <TextField
          label="Run"
          {...form.text("run")}
          placeholder="https://ci.example.org/runs/4711"
          hint="The id or address of the run."
        />
      </Form>
    </Dialog>
  );
}
