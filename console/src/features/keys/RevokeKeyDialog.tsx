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
      The gateway rejects <span className="font-mono text-xs">{subject.prefix}…</span> within a
      second. You cannot restore it. Traces are kept. To replace a key without downtime, rotate it.
    </ConfirmDialog>
  );
}
