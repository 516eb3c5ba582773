import { useState } from "react";

import { OVERLAPS } from "@/features/keys/expiry";
import { NewSecret } from "@/features/keys/NewSecret";
import { useRotateKey, type Key } from "@/features/keys/queries";
import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { ErrorText } from "@/shared/ui/ErrorState";
import { SelectField } from "@/shared/ui/Field";
import { Notice } from "@/shared/ui/Notice";

const ONE_DAY_S = 24 * 3600;

export function RotateKeyDialog({ subject, onClose }: { subject: Key; onClose: () => void }) {
  const rotate = useRotateKey();
  const [overlapS, setOverlapS] = useState(ONE_DAY_S);
  if (rotate.data) return <NewSecret title="Key rotated" made={rotate.data} onClose={onClose} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Rotate “${subject.name}”`}
      description="Creates a new secret that is valid immediately. Name, models and attribution stay the same."
    >
      <SelectField
        label={`Keep the old secret (${subject.prefix}…) valid`}
        value={overlapS}
        onChange={(event) => setOverlapS(Number(event.target.value))}
        hint={
          overlapS > 0
            ? "Update your applications within this time."
            : "Applications that still use the old secret will fail immediately."
        }
      >
        {OVERLAPS.map(({ seconds, name }) => (
          <option key={seconds} value={seconds}>
            {name}
          </option>
        ))}
      </SelectField>
      {rotate.error && (
        <Notice tone="danger">
          <ErrorText error={rotate.error} />
        </Notice>
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button
          kind="primary"
          busy={rotate.isPending}
          onClick={() => rotate.mutate({ keyId: subject.id, overlapS })}
        >
          Rotate key
        </Button>
      </DialogActions>
    </Dialog>
  );
}
