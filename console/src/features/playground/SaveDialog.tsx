import { useState } from "react";

import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { TextField } from "@/shared/ui/Field";

interface SaveDialogProps {
  busy: boolean;
  onSave: (name: string) => void;
  onClose: () => void;
}

/** Asks for the name of a new prompt. */
export function SaveDialog({ busy, onSave, onClose }: SaveDialogProps) {
  const [name, setName] = useState("");
  return (
    <Dialog open title="Save as prompt" onClose={onClose}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          onSave(name.trim());
        }}
      >
        <TextField
          label="Name"
          value={name}
          required
          autoFocus
          placeholder="support/answer"
          onChange={({ target }) => setName(target.value)}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={!name.trim()}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
