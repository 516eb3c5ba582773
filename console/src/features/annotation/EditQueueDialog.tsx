import { useChangeQueue, type Queue } from "@/features/annotation/queries";
import { Form } from "@/shared/forms/Form";
import { splitList } from "@/shared/forms/splitList";
import { useForm } from "@/shared/forms/useForm";
import { Dialog } from "@/shared/ui/Dialog";
import { CheckboxField, TextAreaField, TextField } from "@/shared/ui/Field";

/** Changes what may change while there are labels: guidelines, annotators, suggestions. */
export function EditQueueDialog({ queue, onClose }: { queue: Queue; onClose: () => void }) {
  const mutation = useChangeQueue(queue.name, onClose);
  const { description, guidelines, overlap, annotators, adjudicator, shows_suggestions } = queue;
  const form = useForm({
    initial: {
      description,
      guidelines,
      overlap: String(overlap),
      annotators: annotators.join(", "),
      adjudicator,
      shows_suggestions,
    },
    mutation,
    toInput: (values) => ({
      ...values,
      overlap: Number(values.overlap),
      annotators: splitList(values.annotators),
    }),
  });
  return (
    <Dialog open onClose={onClose} title={`Edit ${queue.name}`}>
      <Form form={form} submitLabel="Save" onCancel={onClose}>
        <TextAreaField label="Description" hint="Markdown" {...form.text("description")} />
        <TextAreaField label="Guidelines" hint="Markdown" {...form.text("guidelines")} rows={8} />
        <TextField
          label="Annotators of each item"
          type="number"
          min={1}
          max={10}
          {...form.text("overlap")}
        />
        <TextField
          label="Only these annotators"
          hint="E-mail addresses, separated by commas; empty for all who may annotate"
          {...form.text("annotators")}
        />
        <TextField
          label="Adjudicator"
          hint="E-mail address; empty for all who manage queues"
          {...form.text("adjudicator")}
        />
        <CheckboxField
          label="Annotators see suggestions of models"
          hint="Off: they label without knowing what a model says, which shows how far it can be trusted"
          {...form.checkbox("shows_suggestions")}
        />
      </Form>
    </Dialog>
  );
}
