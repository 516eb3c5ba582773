import { useRemovePrompt, type Prompt } from "@/features/prompts/queries";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";

interface RemovePromptDialogProps {
  prompt: Prompt;
  onClose: () => void;
}

export function RemovePromptDialog({ prompt, onClose }: RemovePromptDialogProps) {
  return (
    <ConfirmDialog
      title={`Remove “${prompt.name}”?`}
      confirm="Remove prompt"
      mutation={useRemovePrompt(onClose)}
      input={prompt.id}
      onClose={onClose}
    >
      Applications that ask for its name get an error that says so. Releases and recorded calls keep
      its versions, and it can be restored at any time. A prompt that has labels cannot be removed,
      because applications may use it.
    </ConfirmDialog>
  );
}
