import { useMovePrompt, type Prompt } from "@/features/prompts/queries";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { Dialog } from "@/shared/ui/Dialog";
import { TextField } from "@/shared/ui/Field";

/** Gives a prompt another name, with its folders. */
export function RenamePromptDialog({ prompt, onClose }: { prompt: Prompt; onClose: () => void }) {
  const form = useForm({
    initial: { new: prompt.name },
    mutation: useMovePrompt(onClose),
    toInput: (values) => ({ old: prompt.name, new: values.new.trim() }),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Rename “${prompt.name}”`}
      description="Applications that ask for the old name still get this prompt."
    >
      <Form form={form} submitLabel="Rename" onCancel={onClose}>
        <TextField label="Name with its folders" {...form.text("new")} maxLength={200} required />
      </Form>
    </Dialog>
  );
}
