import { useRemoveRoute } from "@/features/routes/queries";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";

interface RemoveRouteDialogProps {
  name: string;
  onClose: () => void;
  onRemoved?: () => void;
}

export function RemoveRouteDialog({ name, onClose, onRemoved = onClose }: RemoveRouteDialogProps) {
  return (
    <ConfirmDialog
      title={`Remove “${name}”?`}
      confirm="Remove route"
      mutation={useRemoveRoute(onRemoved)}
      input={name}
      onClose={onClose}
    >
      Calls that name it as their model fail from then on. Its targets and the traces are kept.
    </ConfirmDialog>
  );
}
