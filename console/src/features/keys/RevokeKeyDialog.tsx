import { useRevokeKey, type Key } from "@/features/keys/queries";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";

export function RevokeKeyDialog({ subject, onClose }: { subject: Key; onClose: () => void }) {
  return (
    <ConfirmDialog
      title={`Revoke “${subject.name}”?`}
      confirm="Revoke key"
      mutation={useRevokeKey(onClose)}
      input={subject.id}
      onClose={onClose}
    >
      The gateway rejects <span className="font-mono text-xs">{subject.prefix}…</span> within a
      second. You cannot restore it. Traces are kept. To replace a key without downtime, rotate it.
    </ConfirmDialog>
  );
}
