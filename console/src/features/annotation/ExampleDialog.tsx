import { useQuery } from "@tanstack/react-query";

import type { LabelledItem, Queue } from "@/features/annotation/queries";
import { exampleQuery, useMakeExamples, type Expected } from "@/features/annotation/uses";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Dialog } from "@/shared/ui/Dialog";
import { SelectField, TextField } from "@/shared/ui/Field";
import { QueryContent } from "@/shared/ui/QueryContent";

interface ExampleDialogProps {
  queue: Queue;
  item: LabelledItem;
  onClose: () => void;
}

/** Adds an item to a dataset; shows the example before. */
export function ExampleDialog({ queue, item, onClose }: ExampleDialogProps) {
  const mutation = useMakeExamples(queue.name, onClose);
  const form = useForm({
    initial: newExample(queue),
    mutation,
    toInput: (values) => ({ ...values, item_ids: [item.id] }),
  });
  const query = useQuery(exampleQuery(useProjectId(), queue.name, item.id, form.values.expected));
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add to dataset"
      description="A new version of the dataset has this example. The dataset is made if there is none."
    >
      <Form form={form} submitLabel="Add example" onCancel={onClose}>
        <TextField label="Dataset" required {...form.text("dataset")} />
        <SelectField label="What is expected" {...form.text("expected")}>
          <option value="answer">The corrected answer</option>
          <option value="label">The label</option>
        </SelectField>
        <QueryContent query={query}>
          {(example) => <CodeBlock label="Example" code={JSON.stringify(example, null, 2)} />}
        </QueryContent>
      </Form>
    </Dialog>
  );
}

function newExample({ name }: Queue): { dataset: string; expected: Expected } {
  return { dataset: name, expected: "answer" };
}
