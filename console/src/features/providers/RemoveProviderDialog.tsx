import { useRemoveProvider, type Provider } from "@/features/providers/queries";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";

interface RemoveProviderDialogProps {
  provider: Provider;
  onClose: () => void;
}

export function RemoveProviderDialog({ provider, onClose }: RemoveProviderDialogProps) {
  const remove = useRemoveProvider();
  return (
    <ConfirmDialog
      title={`Remove “${provider.name}”?`}
      confirm="Remove provider"
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(provider.name, { onSuccess: onClose })}
      onClose={onClose}
    >
      Calls to its models are refused from now on, and its API key is forgotten. Its traces stay.
      {provider.found &&
        " It was found at the start; if it is still there, the next start finds it again."}
    </ConfirmDialog>
  );
}
