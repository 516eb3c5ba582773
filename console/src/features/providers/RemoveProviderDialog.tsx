import { useRemoveProvider, type Provider } from "@/features/providers/queries";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";

interface RemoveProviderDialogProps {
  provider: Provider;
  onClose: () => void;
}

export function RemoveProviderDialog({ provider, onClose }: RemoveProviderDialogProps) {
  return (
    <ConfirmDialog
      title={`Remove “${provider.name}”?`}
      confirm="Remove provider"
      mutation={useRemoveProvider(onClose)}
      input={provider.name}
      onClose={onClose}
    >
      Calls to its models fail immediately, and its API key is deleted. Traces are kept.
      {provider.found &&
        " It was detected at startup: if it still runs, the next startup adds it again."}
    </ConfirmDialog>
  );
}
