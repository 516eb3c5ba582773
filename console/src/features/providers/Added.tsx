import { useEffect } from "react";

import { CheckResult } from "@/features/providers/CheckResult";
import { useTestProvider } from "@/features/providers/queries";
import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Notice } from "@/shared/ui/Notice";

/** A provider was added: it is tested at once, which takes over its models. */
export function Added({ name, onClose }: { name: string; onClose: () => void }) {
  const test = useTestProvider(name);
  const { mutate } = test;
  useEffect(() => mutate(), [mutate]);
  return (
    <Dialog open onClose={onClose} title={`“${name}” is added`}>
      {!test.data && !test.isError && <Notice tone="neutral">Asking it for its models…</Notice>}
      {test.data && <CheckResult check={test.data} />}
      {test.isError && (
        <Notice tone="danger">
          <ErrorText error={test.error} />
        </Notice>
      )}
      <DialogActions>
        {test.data?.ok === false && (
          <Button busy={test.isPending} onClick={() => mutate()}>
            Test again
          </Button>
        )}
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </DialogActions>
    </Dialog>
  );
}
