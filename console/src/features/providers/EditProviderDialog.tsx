import { useState } from "react";

import { changeOf, draftFrom, FIELDS } from "@/features/providers/draft";
import { ProviderFields } from "@/features/providers/ProviderFields";
import { useChangeProvider, type Provider } from "@/features/providers/queries";
import { isElsewhere } from "@/shared/api/faults";
import { useSession } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Notice } from "@/shared/ui/Notice";

interface EditProviderDialogProps {
  provider: Provider;
  onClose: () => void;
}

export function EditProviderDialog({ provider, onClose }: EditProviderDialogProps) {
  const change = useChangeProvider(provider.name);
  const mayAllow = useSession().instance_admin;
  const [draft, setDraft] = useState(draftFrom(provider));
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Edit “${provider.name}”`}
      description={
        provider.found &&
        "It was found at the start: what you set here may be set back when Penstock starts again."
      }
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate(changeOf(draft, provider, mayAllow), { onSuccess: onClose });
        }}
      >
        <ProviderFields
          draft={draft}
          error={change.error}
          keyHint={provider.api_key_hint}
          onChange={(part) => setDraft({ ...draft, ...part })}
        />
        {isElsewhere(change.error, FIELDS) && (
          <Notice tone="danger">
            <ErrorText error={change.error} />
          </Notice>
        )}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={change.isPending}>
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
