import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import type { LabelledItem, Queue } from "@/features/annotation/queries";
import { promptDraftQuery, useDraftPrompt, type DraftedPrompt } from "@/features/annotation/uses";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { promptChoicesQuery } from "@/shared/prompts/queries";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";
import { Dialog } from "@/shared/ui/Dialog";
import { SelectField } from "@/shared/ui/Field";
import { QueryContent } from "@/shared/ui/QueryContent";

interface PromptDraftDialogProps {
  queue: Queue;
  item: LabelledItem;
  onClose: () => void;
}

/** Saves a version of a prompt with the corrected answer as an example; shows it before. */
export function PromptDraftDialog({ queue, item, onClose }: PromptDraftDialogProps) {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const prompts = useQuery(promptChoicesQuery(projectId)).data ?? [];
  const mutation = useDraftPrompt(queue.name, item.id, ({ prompt_id }) =>
    navigate({
      to: "/projects/$projectId/prompts/$promptId",
      params: { projectId, promptId: prompt_id },
    }),
  );
  const form = useForm({ initial: { prompt: "" }, mutation, toInput: (values) => values });
  const { prompt } = form.values;
  const query = useQuery(promptDraftQuery(projectId, queue.name, item.id, prompt));
  return (
    <Dialog
      open
      onClose={onClose}
      title="Draft a prompt"
      description="A version without a label: nobody gets it until you move a label."
    >
      <Form form={form} submitLabel="Save draft" onCancel={onClose}>
        <SelectField label="Prompt" required {...form.text("prompt")}>
          <option value="">Choose a prompt</option>
          {prompts.map(({ id, name }) => (
            <option key={id} value={name}>
              {name}
            </option>
          ))}
        </SelectField>
        {prompt && (
          <QueryContent query={query}>{(draft) => <Messages draft={draft} />}</QueryContent>
        )}
      </Form>
    </Dialog>
  );
}

/** The messages of the draft: those of the correction are marked. */
function Messages({ draft: { version, messages } }: { draft: DraftedPrompt }) {
  return (
    <section aria-label="Draft">
      <p className="pb-1 text-xs text-ink-3">Version {version} with one more example:</p>
      <ol className="flex flex-col gap-1">
        {messages.map(({ role, text, added }, index) => (
          <li
            key={index}
            className={cx(
              "rounded-md border px-3 py-2 text-xs",
              added ? "border-ok bg-ok-soft" : "border-line bg-sunken",
            )}
          >
            <p className="font-medium text-ink-2">
              {role}
              {added && " (added)"}
            </p>
            <p className="font-mono break-words whitespace-pre-wrap">{text}</p>
          </li>
        ))}
      </ol>
    </section>
  );
}
