import { AnnotatorFields } from "@/features/annotation/AnnotatorFields";
import { useChangeQueue, type Queue } from "@/features/annotation/queries";
import { Form } from "@/shared/forms/Form";
import { splitList } from "@/shared/forms/splitList";
import { useForm } from "@/shared/forms/useForm";
import { Dialog } from "@/shared/ui/Dialog";
import { TextAreaField } from "@/shared/ui/Field";

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
        <AnnotatorFields form={form} />
      </Form>
    </Dialog>
  );
}
