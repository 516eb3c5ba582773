import { useFillQueue, type Selection } from "@/features/annotation/queries";
import { Form } from "@/shared/forms/Form";
import { splitList } from "@/shared/forms/splitList";
import { useForm } from "@/shared/forms/useForm";
import { Dialog } from "@/shared/ui/Dialog";
import { SelectField, TextField } from "@/shared/ui/Field";

const EMPTY = {
  dataset: "",
  run: "",
  other_run: "",
  choose: "all" as Selection["choose"],
  metrics: "",
  suggest: "",
  limit: "1000",
};

interface FillQueueDialogProps {
  name: string;
  onClose: () => void;
}

/** Adds items of a dataset or results of a run. */
export function FillQueueDialog({ name, onClose }: FillQueueDialogProps) {
  const mutation = useFillQueue(name, onClose);
  const form = useForm({ initial: EMPTY, mutation, toInput: toSelection });
  const { run, choose } = form.values;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add items"
      description="Of a dataset with recorded answers, or results of an evaluation run."
    >
      <Form form={form} submitLabel="Add items" onCancel={onClose}>
        {!run && <TextField label="Dataset" {...form.text("dataset")} />}
        <TextField label="Run" hint="Its id" {...form.text("run")} />
        {run && (
          <>
            <TextField
              label="Second run"
              hint="Its answers are the second ones of pairs"
              {...form.text("other_run")}
            />
            <SelectField label="Results" {...form.text("choose")}>
              <option value="all">All</option>
              <option value="low">With a low score</option>
              <option value="disagreement">On which metrics disagree</option>
            </SelectField>
            {choose !== "all" && (
              <TextField label="Metrics" hint="Separated by commas" {...form.text("metrics")} />
            )}
            <TextField
              label="Suggest labels of"
              hint="A metric whose values annotators see as suggestions"
              {...form.text("suggest")}
            />
          </>
        )}
        <TextField label="At most" type="number" min={1} max={10000} {...form.text("limit")} />
      </Form>
    </Dialog>
  );
}

function toSelection(values: typeof EMPTY): Selection {
  const { dataset, run, other_run, choose, metrics, suggest, limit } = values;
  return {
    dataset: run ? "" : dataset,
    run,
    other_run: run ? other_run : "",
    queue: "",
    item_ids: [],
    split: "",
    share: 1,
    choose: run ? choose : "all",
    metrics: run && choose !== "all" ? splitList(metrics) : [],
    at_most: 0.5,
    suggest: run ? suggest : "",
    limit: Number(limit),
  };
}
