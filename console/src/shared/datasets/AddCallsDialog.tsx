import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import {
  MAX_CALLS,
  unknownFilter,
  useAddCalls,
  type AddedCalls,
  type ChosenCalls,
} from "@/shared/datasets/addCalls";
import { datasetChoicesQuery } from "@/shared/datasets/queries";
import { formatCount } from "@/shared/format/number";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { CheckboxField, SelectField, TextField } from "@/shared/ui/Field";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Notice } from "@/shared/ui/Notice";

interface AddCallsDialogProps {
  calls: ChosenCalls;
  onClose: () => void;
}

/** Adds recorded calls to a dataset, and says what became of each. */
export function AddCallsDialog({ calls, onClose }: AddCallsDialogProps) {
  const [done, setDone] = useState<{ dataset: string; added: AddedCalls }>();
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add to a dataset"
      description={
        "span_ids" in calls
          ? "What the call was asked becomes the input; a correction in feedback becomes what is expected."
          : "The newest calls that the filters select. What they were asked becomes the input; a correction in feedback becomes what is expected."
      }
    >
      {done ? (
        <Done {...done} onClose={onClose} />
      ) : (
        <AddForm calls={calls} onClose={onClose} onDone={setDone} />
      )}
    </Dialog>
  );
}

interface AddFormProps extends AddCallsDialogProps {
  onDone: (done: { dataset: string; added: AddedCalls }) => void;
}

function AddForm({ calls, onClose, onDone }: AddFormProps) {
  const datasets = useQuery(datasetChoicesQuery(useProjectId())).data;
  const mutation = useAddCalls();
  const form = useForm({
    initial: { dataset: "", limit: "50", message: "", keep_output: true },
    mutation: {
      ...mutation,
      mutate: (input: Parameters<typeof mutation.mutate>[0]) =>
        mutation.mutate(input, {
          onSuccess: (added) => onDone({ dataset: input.dataset, added }),
        }),
    },
    toInput: (values) => ({ ...values, limit: Number(values.limit), calls }),
    params: { limit: "filter.limit" },
  });
  const unknown = "search" in calls ? unknownFilter(calls.search) : "";
  if (datasets?.length === 0) {
    return <Notice tone="warn">There is no dataset yet. Add one on the page of datasets.</Notice>;
  }
  if (unknown) {
    return (
      <Notice tone="warn">
        Datasets do not know the filter “{unknown}”. Remove it, then add the calls.
      </Notice>
    );
  }
  return (
    <Form form={form} submitLabel="Add" onCancel={onClose}>
      <SelectField label="Dataset" required {...form.text("dataset")}>
        <option value="">Choose …</option>
        {datasets?.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </SelectField>
      {"search" in calls && (
        <TextField
          label="Calls at most"
          type="number"
          min={1}
          max={MAX_CALLS}
          required
          {...form.text("limit")}
        />
      )}
      <TextField
        label="Message of the version"
        maxLength={1000}
        placeholder="From traces"
        {...form.text("message")}
      />
      <CheckboxField
        label="Keep the recorded answer"
        hint="In the metadata, as output."
        {...form.checkbox("keep_output")}
      />
    </Form>
  );
}

interface DoneProps {
  dataset: string;
  added: AddedCalls;
  onClose: () => void;
}

function Done({ dataset, added: { change, skipped }, onClose }: DoneProps) {
  const projectId = useProjectId();
  return (
    <div className="flex flex-col gap-3">
      <Notice tone={change?.made ? "ok" : "neutral"}>{doneText(change)}</Notice>
      {skipped.length > 0 && (
        <Notice tone="warn">
          <p>
            {formatCount(skipped.length)} {skipped.length === 1 ? "call is" : "calls are"} no
            example:
          </p>
          <ul className="thin-scroll max-h-40 overflow-y-auto">
            {[...new Set(skipped.map(({ detail }) => detail))].map((detail) => (
              <li key={detail}>
                {formatCount(skipped.filter((each) => each.detail === detail).length)} × {detail}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
        <Link
          to="/projects/$projectId/datasets/$name"
          params={{ projectId, name: dataset }}
          search={{}}
          className={LINK_BUTTON_CLASSES}
        >
          Open {dataset}
        </Link>
      </DialogActions>
    </div>
  );
}

function doneText(change: AddedCalls["change"]): string {
  if (!change) return "No call could be added.";
  if (!change.made) return "All of these calls are in the dataset already.";
  const { added, changed, unchanged } = change.counts;
  const parts = [
    `${formatCount(added)} added`,
    changed && `${formatCount(changed)} corrected`,
    unchanged && `${formatCount(unchanged)} there already`,
  ];
  return `Version ${change.version.version}: ${parts.filter(Boolean).join(", ")}.`;
}
