import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { exportUrl, useRemoveDataset } from "@/features/datasets/queries";
import { useMay, useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { LINK_BUTTON_CLASSES, LinkButton } from "@/shared/ui/LinkButton";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";

interface DatasetActionsProps {
  name: string;
  /** The version that is shown, if there is one. */
  version: number | undefined;
  editing: boolean;
  onEdit: () => void;
}

/** What can be done with a dataset. */
export function DatasetActions({ name, version, editing, onEdit }: DatasetActionsProps) {
  const params = { projectId: useProjectId(), name };
  const canWrite = useMay()("datasets:write");
  const [removing, setRemoving] = useState(false);
  return (
    <>
      {canWrite && !editing && (
        <>
          <Link
            to="/projects/$projectId/datasets/$name/_import"
            params={params}
            className={LINK_BUTTON_CLASSES}
          >
            Import
          </Link>
          <Button onClick={onEdit}>Edit items</Button>
        </>
      )}
      {version && (
        <LinkButton href={exportUrl(params.projectId, name, version)} download>
          Export
        </LinkButton>
      )}
      <Link
        to="/projects/$projectId/evaluations"
        params={params}
        search={{ dataset: name }}
        className={LINK_BUTTON_CLASSES}
      >
        Runs
      </Link>
      {canWrite && (
        <RowMenu subject={name}>
          <DangerMenuItem onSelect={() => setRemoving(true)}>Remove</DangerMenuItem>
        </RowMenu>
      )}
      {removing && <RemoveDialog name={name} onClose={() => setRemoving(false)} />}
    </>
  );
}

function RemoveDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const mutation = useRemoveDataset(() =>
    navigate({ to: "/projects/$projectId/datasets", params: { projectId } }),
  );
  return (
    <ConfirmDialog
      title={`Remove “${name}”?`}
      confirm="Remove dataset"
      mutation={mutation}
      input={name}
      onClose={onClose}
    >
      All its versions and its rule are removed. Runs keep their results, but the items behind them
      can no longer be read. There is no way back.
    </ConfirmDialog>
  );
}
