import type { ReactNode } from "react";

import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { ErrorNotice } from "@/shared/ui/ErrorState";

interface ConfirmDialogProps<Input> {
  title: string;
  /** The consequences of the action. */
  children: ReactNode;
  /** The label of the confirm button, such as "Revoke key". */
  confirm: string;
  mutation: { mutate: (input: Input) => void; isPending: boolean; error: unknown };
  input: Input;
  onClose: () => void;
}

/** Asks for confirmation before a mutation, and shows its error. */
export function ConfirmDialog<Input>(props: ConfirmDialogProps<Input>) {
  const { title, children, confirm, mutation, input, onClose } = props;
  return (
    <Dialog open onClose={onClose} title={title} description={children}>
      {Boolean(mutation.error) && <ErrorNotice error={mutation.error} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="danger" busy={mutation.isPending} onClick={() => mutation.mutate(input)}>
          {confirm}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
