import { useRemoveLimit, type Limit } from "@/features/limits/queries";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";

interface RemoveLimitDialogProps {
  limit: Limit;
  onClose: () => void;
  onRemoved?: () => void;
}

export function RemoveLimitDialog({ limit, onClose, onRemoved = onClose }: RemoveLimitDialogProps) {
  return (
    <ConfirmDialog
      title={`Remove “${limit.name}”?`}
      confirm="Remove limit"
      mutation={useRemoveLimit(onRemoved)}
      input={limit.id}
      onClose={onClose}
    >
      Calls are not counted or rejected by it from then on. A new limit starts from zero.
    </ConfirmDialog>
  );
}
