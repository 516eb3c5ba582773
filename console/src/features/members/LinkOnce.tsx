import { linkOf, type NewInvitation } from "@/features/members/invitations";
import { formatDateTime } from "@/shared/format/time";
import { roleName } from "@/shared/roles";
import { Button } from "@/shared/ui/Button";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { Notice } from "@/shared/ui/Notice";

/** The link of a new invitation, shown this once. */
export function LinkOnce({ made, onClose }: { made: NewInvitation; onClose: () => void }) {
  const { email, role, expires_at } = made.invitation;
  return (
    <Dialog open onClose={onClose} dismissable={false} title="A link to hand over">
      <div className="flex flex-col gap-3">
        <Notice tone="warn">
          This is shown once. Give it to <strong className="font-medium">{email}</strong> and to
          nobody else: whoever opens it first becomes {roleName(role)} of this project.
        </Notice>
        <CodeBlock label="invitation link" code={linkOf(made, window.location.origin)} />
        <p className="text-xs text-ink-3">
          It works once, until {formatDateTime(expires_at)}. You can revoke it until then.
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
