import type { ReactNode } from "react";

import { Button } from "@/shared/ui/Button";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { Notice } from "@/shared/ui/Notice";

interface ShownOnceProps {
  title: string;
  description?: ReactNode;
  /** The kind of secret, such as "key". */
  label: string;
  secret: string;
  /** More about the secret, after the warning. */
  note?: ReactNode;
  onClose: () => void;
  children?: ReactNode;
}

/** Shows a new secret (a key, a link, a password) once. Only its button closes it. */
export function ShownOnce(props: ShownOnceProps) {
  const { title, description, label, secret, note, onClose, children } = props;
  return (
    <Dialog open onClose={onClose} dismissable={false} title={title} description={description}>
      <div className="flex flex-col gap-4">
        <Notice tone="warn">
          Copy this {label} now: it is not shown again. {note}
        </Notice>
        <CodeBlock label={label} code={secret} />
        {children}
      </div>
      <DialogActions>
        <Button kind="primary" onClick={onClose}>
          I have copied it
        </Button>
      </DialogActions>
    </Dialog>
  );
}
