import { useEffect } from "react";

import { TestResult } from "@/features/providers/TestResult";
import { useTestProvider } from "@/features/providers/queries";
import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Notice } from "@/shared/ui/Notice";

/** Tests a new provider at once, which also reads its list of models. */
export function ProviderAddedDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const test = useTestProvider(name);
  const { mutate } = test;
  useEffect(() => mutate(), [mutate]);
  return (
    <Dialog open onClose={onClose} title={`Provider “${name}” added`}>
      {!test.data && !test.isError && <Notice tone="neutral">Testing the connection…</Notice>}
      {test.data && <TestResult check={test.data} />}
      {test.isError && <ErrorNotice error={test.error} />}
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
