import type { ReactNode } from "react";

import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Notice } from "@/shared/ui/Notice";

interface ConfirmDialogProps {
  title: string;
  /** The consequences of the action. */
  children: ReactNode;
  /** The label of the confirm button, such as "Revoke key". */
  confirm: string;
  busy: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks for confirmation before an action, and shows its error. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, confirm, busy, error, onConfirm, onClose } = props;
  return (
    <Dialog open onClose={onClose} title={title} description={children}>
      {Boolean(error) && (
        <Notice tone="danger">
          <ErrorText error={error} />
        </Notice>
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="danger" busy={busy} onClick={onConfirm}>
          {confirm}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
