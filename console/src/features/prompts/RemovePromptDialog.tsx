import { useRemovePrompt, type Prompt } from "@/features/prompts/queries";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";

interface RemovePromptDialogProps {
  prompt: Prompt;
  onClose: () => void;
  onRemoved: () => void;
}

export function RemovePromptDialog({ prompt, onClose, onRemoved }: RemovePromptDialogProps) {
  return (
    <ConfirmDialog
      title={`Remove “${prompt.name}”?`}
      confirm="Remove prompt"
      mutation={useRemovePrompt(onRemoved)}
      input={prompt.id}
      onClose={onClose}
    >
      All its versions and comments are deleted. A prompt that has labels cannot be removed, because
      applications may use it.
    </ConfirmDialog>
  );
}
