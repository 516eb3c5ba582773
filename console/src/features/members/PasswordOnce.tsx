import { Button } from "@/shared/ui/Button";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { Notice } from "@/shared/ui/Notice";

interface PasswordOnceProps {
  email: string;
  password: string;
  onClose: () => void;
}

/** A password made for somebody, shown this once. */
export function PasswordOnce({ email, password, onClose }: PasswordOnceProps) {
  return (
    <Dialog open onClose={onClose} dismissable={false} title="A password to hand on">
      <div className="flex flex-col gap-3">
        <Notice tone="warn">
          This is shown once. Give it to <strong className="font-medium">{email}</strong>, who signs
          in with it at <span className="font-mono text-xs">{window.location.origin}</span>.
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
