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
      title={`Reset the password of ${member.email}?`}
      confirm="Reset password"
      busy={reset.isPending}
      error={reset.error}
      onConfirm={() => reset.mutate(member.user_id)}
      onClose={onClose}
    >
      Creates a new password. The old one stops working, and the user is signed out everywhere.
    </ConfirmDialog>
  );
}
