import { PasswordOnce } from "@/features/members/PasswordOnce";
import { useResetPassword, type Member } from "@/features/members/queries";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";

export function NewPasswordDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const reset = useResetPassword();
  if (reset.data) {
    return <PasswordOnce email={member.email} password={reset.data.password} onClose={onClose} />;
  }
  return (
    <ConfirmDialog
      title={`New password for ${member.email}?`}
      confirm="Make a new password"
      busy={reset.isPending}
      error={reset.error}
      onConfirm={() => reset.mutate(member.user_id)}
      onClose={onClose}
    >
      The old one stops, and they are signed out everywhere.
    </ConfirmDialog>
  );
}
