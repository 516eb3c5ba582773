import { AnnotatorFields } from "@/features/annotation/AnnotatorFields";
import { KINDS } from "@/features/annotation/labels";
import {
  useAddQueue,
  type LabelKind,
  type NewQueue,
  type Queue,
} from "@/features/annotation/queries";
import { Form } from "@/shared/forms/Form";
import { splitList } from "@/shared/forms/splitList";
import { useForm } from "@/shared/forms/useForm";
import { Dialog } from "@/shared/ui/Dialog";
import { Disclosure } from "@/shared/ui/Disclosure";
import { SelectField, TextAreaField, TextField } from "@/shared/ui/Field";

const EMPTY = {
  name: "",
  kind: "binary" as LabelKind,
  question: "",
  choices: "",
  score: "",
  guidelines: "",
  overlap: "1",
  annotators: "",
  adjudicator: "",
  shows_suggestions: true,
};
const CHOSEN: readonly LabelKind[] = ["ordinal", "categorical", "spans"];

interface AddQueueDialogProps {
  onClose: () => void;
  onAdded: (queue: Queue) => unknown;
}

export function AddQueueDialog({ onClose, onAdded }: AddQueueDialogProps) {
  const mutation = useAddQueue(onAdded);
  const form = useForm({
    initial: EMPTY,
    mutation,
    toInput: toQueue,
    params: { choices: "schema.choices", question: "schema.question" },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="New queue"
      description="One question about each answer. It stays as it is once there are labels."
    >
      <Form form={form} submitLabel="Add queue" onCancel={onClose}>
        <TextField label="Name" required {...form.text("name")} />
        <TextField label="Question" {...form.text("question")} />
        <SelectField label="Labels" {...form.text("kind")}>
          {Object.entries(KINDS).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </SelectField>
        {CHOSEN.includes(form.values.kind) && (
          <TextField
            label="Choices"
            hint="In the order of their keys, separated by commas; of grades the lowest first"
            required
            {...form.text("choices")}
          />
        )}
        <TextField
          label="Score"
          hint="Labels become scores of this name; a judge with this metric is compared with them"
          required
          {...form.text("score")}
        />
        <TextAreaField label="Guidelines" hint="Markdown" {...form.text("guidelines")} />
        <Disclosure title="Annotators" open={form.hasError("overlap", "annotators")}>
          <AnnotatorFields form={form} />
        </Disclosure>
      </Form>
    </Dialog>
  );
}

function toQueue(values: typeof EMPTY): NewQueue {
  const { name, kind, question, choices, score, guidelines, overlap, adjudicator } = values;
  const chosen = CHOSEN.includes(kind) ? choices.split(",").map((each) => each.trim()) : [];
  return {
    name,
    label_schema: {
      kind,
      question,
      choices: chosen.filter(Boolean).map((value) => ({ value, name: "" })),
      equal_steps: false,
    },
    score,
    description: "",
    guidelines,
    overlap: Number(overlap),
    annotators: splitList(values.annotators),
    adjudicator,
    shows_suggestions: values.shows_suggestions,
  };
}
