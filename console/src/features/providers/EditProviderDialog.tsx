import { useState } from "react";

import { toProviderChange, draftForProvider, FIELDS } from "@/features/providers/providerForm";
import { ProviderFields } from "@/features/providers/ProviderFields";
import { useChangeProvider, type Provider } from "@/features/providers/queries";
import { hasFormError } from "@/shared/api/fieldErrors";
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
  const canAllowPrivate = useSession().instance_admin;
  const [draft, setDraft] = useState(draftForProvider(provider));
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Edit “${provider.name}”`}
      description={
        provider.found &&
        "This provider was detected at startup. The next startup may reset your changes."
      }
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate(toProviderChange(draft, provider, canAllowPrivate), { onSuccess: onClose });
        }}
      >
        <ProviderFields
          draft={draft}
          error={change.error}
          currentKey={provider.api_key_hint}
          onChange={(part) => setDraft({ ...draft, ...part })}
        />
        {hasFormError(change.error, FIELDS) && (
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
