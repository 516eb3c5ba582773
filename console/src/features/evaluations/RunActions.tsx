import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import {
  isOpen,
  useCancelRun,
  useRemoveRun,
  useResumeRun,
  type Run,
} from "@/features/evaluations/queries";
import { runName } from "@/features/evaluations/words";
import { useMay, useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";

/** Cancels a run, resumes one that ended early, removes one that has ended. */
export function RunActions({ run }: { run: Run }) {
  const cancel = useCancelRun(run.id);
  const resume = useResumeRun(run.id);
  const may = useMay();
  const [removing, setRemoving] = useState(false);
  const canResume = run.state === "failed" || run.state === "cancelled";
  return (
    <>
      {isOpen(run) && may("evaluations:run") && (
        <Button busy={cancel.isPending} onClick={() => cancel.mutate(undefined)}>
          Cancel
        </Button>
      )}
      {canResume && may("evaluations:run") && (
        <Button busy={resume.isPending} onClick={() => resume.mutate(undefined)}>
          Resume
        </Button>
      )}
      {!isOpen(run) && may("evaluations:remove") && (
        <Button onClick={() => setRemoving(true)}>Remove</Button>
      )}
      {removing && <RemoveDialog run={run} onClose={() => setRemoving(false)} />}
    </>
  );
}

function RemoveDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const mutation = useRemoveRun(() =>
    navigate({ to: "/projects/$projectId/evaluations", params: { projectId } }),
  );
  return (
    <ConfirmDialog
      title={`Remove “${runName(run)}”?`}
      confirm="Remove run"
      mutation={mutation}
      input={run.id}
      onClose={onClose}
    >
      Its results and its report go, and comparisons with it are no longer possible. The traces of
      its calls stay.
    </ConfirmDialog>
  );
}
