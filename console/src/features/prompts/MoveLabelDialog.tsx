import { useQuery } from "@tanstack/react-query";

import { labelRulesQuery, useMoveLabel, type Move, type Prompt } from "@/features/prompts/queries";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { useProjectId } from "@/shared/session";
import { Combobox } from "@/shared/ui/Combobox";
import { Dialog } from "@/shared/ui/Dialog";
import { TextField } from "@/shared/ui/Field";

interface MoveLabelDialogProps {
  prompt: Prompt;
  /** The version that gets the label. */
  number: number;
  label?: string;
  onClose: () => void;
}

/** Moves a label to a version: a promotion, or a rollback. */
export function MoveLabelDialog({ prompt, number, label, onClose }: MoveLabelDialogProps) {
  const rules = useQuery(labelRulesQuery(useProjectId())).data?.items ?? [];
  const mutation = useMoveLabel(prompt.id, onClose);
  const form = useForm({
    initial: { label: label ?? firstElsewhere(prompt, number), message: "" },
    mutation,
    toInput: (values): Move => ({
      ...values,
      version: number,
      seen: prompt.labels[values.label] ?? 0,
    }),
  });
  const present = prompt.labels[form.values.label];
  const rule = rules.find((each) => each.label === form.values.label);
  const known = new Set(["production", "staging", ...Object.keys(prompt.labels)]);
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Move a label to version ${number}`}
      description={`Applications that ask for “${prompt.name}” with this label get version ${number} within their cache time.`}
    >
      <Form form={form} submitLabel="Move label" onCancel={onClose}>
        <div>
          <span className="text-sm font-medium">Label</span>
          <Combobox
            label="Label"
            name="label"
            value={form.values.label}
            options={[...known]}
            onChange={(value) => form.change({ label: value })}
            required
            invalid={form.errorOf("label") !== undefined}
            className="mt-1"
          />
          <p className="mt-1 text-xs text-ink-3">
            {form.errorOf("label") ??
              (present === undefined
                ? "No version has this label now."
                : present === number
                  ? "It is here already."
                  : `It is at version ${present} now.`)}
            {rule && rule.role !== "editor" && ` Protected: the role ${rule.role} moves it.`}
          </p>
        </div>
        <TextField label="Reason" {...form.text("message")} maxLength={1000} />
      </Form>
    </Dialog>
  );
}

/** The label that a user most likely wants to move here: one that is elsewhere. */
function firstElsewhere(prompt: Prompt, number: number): string {
  return ["production", "staging"].find((each) => prompt.labels[each] !== number) ?? "";
}
