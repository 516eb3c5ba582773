import { useResetPassword, type Member } from "@/features/members/queries";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { ShownOnce } from "@/shared/ui/ShownOnce";

export function ResetPasswordDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const reset = useResetPassword();
  if (reset.data) {
    return (
      <ShownOnce
        title="New password"
        label="password"
        secret={reset.data.password}
        note={
          <>
            Send it to <strong className="font-medium">{member.email}</strong>, who can sign in with
            it at <span className="font-mono text-xs">{window.location.origin}</span>.
          </>
        }
        onClose={onClose}
      />
    );
  }
  return (
    <ConfirmDialog
      title={`Reset the password of ${member.email}?`}
      confirm="Reset password"
      mutation={reset}
      input={member.user_id}
      onClose={onClose}
    >
      Creates a new password. The old one stops working, and the user is signed out everywhere.
    </ConfirmDialog>
  );
}
