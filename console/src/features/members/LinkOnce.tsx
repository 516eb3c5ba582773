import { invitationLink, type NewInvitation } from "@/features/members/invitations";
import { formatDateTime } from "@/shared/format/time";
import { roleName } from "@/shared/roles";
import { Button } from "@/shared/ui/Button";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { Notice } from "@/shared/ui/Notice";

/** Shows the link of a new invitation once. */
export function LinkOnce({ made, onClose }: { made: NewInvitation; onClose: () => void }) {
  const { email, role, expires_at } = made.invitation;
  return (
    <Dialog open onClose={onClose} dismissable={false} title="Invitation link created">
      <div className="flex flex-col gap-3">
        <Notice tone="warn">
          Copy this link now. It is not shown again. Send it only to{" "}
          <strong className="font-medium">{email}</strong>: the first person who opens it can join
          as {roleName(role)}.
        </Notice>
        <CodeBlock label="invitation link" code={invitationLink(made, window.location.origin)} />
        <p className="text-xs text-ink-3">
          Single use. Expires {formatDateTime(expires_at)}. You can revoke it until it is used.
        </p>
      </div>
      <DialogActions>
        <Button kind="primary" onClick={onClose}>
          I have copied it
        </Button>
      </DialogActions>
    </Dialog>
  );
}
