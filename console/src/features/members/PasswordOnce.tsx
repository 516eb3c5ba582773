import { Button } from "@/shared/ui/Button";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { Notice } from "@/shared/ui/Notice";

interface PasswordOnceProps {
  email: string;
  password: string;
  onClose: () => void;
}

/** Shows a new password once. */
export function PasswordOnce({ email, password, onClose }: PasswordOnceProps) {
  return (
    <Dialog open onClose={onClose} dismissable={false} title="New password">
      <div className="flex flex-col gap-3">
        <Notice tone="warn">
          Copy this password now. It is not shown again. Send it to{" "}
          <strong className="font-medium">{email}</strong>, who can sign in with it at{" "}
          <span className="font-mono text-xs">{window.location.origin}</span>.
        </Notice>
        <CodeBlock label="password" code={password} />
      </div>
      <DialogActions>
        <Button kind="primary" onClick={onClose}>
          I have copied it
        </Button>
      </DialogActions>
    </Dialog>
  );
}
