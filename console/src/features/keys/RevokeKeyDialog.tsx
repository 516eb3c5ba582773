import { useRevokeKey, type Key } from "@/features/keys/queries";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";

export function RevokeKeyDialog({ subject, onClose }: { subject: Key; onClose: () => void }) {
  const revoke = useRevokeKey();
  return (
    <ConfirmDialog
      title={`Revoke “${subject.name}”?`}
      confirm="Revoke key"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate(subject.id, { onSuccess: onClose })}
      onClose={onClose}
    >
      Calls with <span className="font-mono text-xs">{subject.prefix}…</span> are refused within a
      second, for ever. Its traces stay. To replace it without failed calls, rotate it.
    </ConfirmDialog>
  );
}
