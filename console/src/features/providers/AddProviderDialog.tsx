import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ProviderAddedDialog } from "@/features/providers/ProviderAddedDialog";
import {
  draftForVendor,
  FIELDS,
  toNewProvider,
  type Draft,
} from "@/features/providers/providerForm";
import { ProviderFields } from "@/features/providers/ProviderFields";
import { useAddProvider } from "@/features/providers/queries";
import { VendorPicker } from "@/features/providers/VendorPicker";
import { OTHER, vendorsQuery, type Vendor } from "@/features/providers/vendors";
import { fieldError, hasFormError } from "@/shared/api/fieldErrors";
import { useProjectId, useSession } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Field } from "@/shared/ui/Field";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Notice } from "@/shared/ui/Notice";

export function AddProviderDialog({ onClose }: { onClose: () => void }) {
  const vendors = useQuery(vendorsQuery(useProjectId()));
  const add = useAddProvider();
  if (add.data) return <ProviderAddedDialog name={add.data.name} onClose={onClose} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add a provider"
      description="Choose a vendor, or connect any server with an OpenAI-compatible API."
    >
      <QueryContent query={vendors}>
        {(known) => <AddForm vendors={known} add={add} onClose={onClose} />}
      </QueryContent>
    </Dialog>
  );
}

interface AddFormProps {
  vendors: readonly Vendor[];
  add: ReturnType<typeof useAddProvider>;
  onClose: () => void;
}

function AddForm({ vendors, add, onClose }: AddFormProps) {
  const canAllowPrivate = useSession().instance_admin;
  const [vendor, setVendor] = useState<Vendor>(vendors[0] ?? OTHER);
  const [draft, setDraft] = useState<Draft>(draftForVendor(vendor, canAllowPrivate));
  const selectVendor = (selected: Vendor) => {
    setVendor(selected);
    setDraft({ ...draftForVendor(selected, canAllowPrivate), apiKey: draft.apiKey });
    add.reset();
  };
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate(toNewProvider(draft));
      }}
    >
      <VendorPicker vendors={vendors} selected={vendor} onSelect={selectVendor} />
      <Field
        label="Name"
        required
        autoComplete="off"
        spellCheck={false}
        placeholder="my-models"
        hint={`Models are called as ${draft.name || "my-models"}/<model>.`}
        value={draft.name}
        onChange={(event) => setDraft({ ...draft, name: event.target.value })}
        error={fieldError(add.error, "name")}
      />
      <ProviderFields
        draft={draft}
        error={add.error}
        keyHint={
          vendor.api_key_env
            ? "Stored encrypted and never shown again."
            : "Leave empty if the server needs no key."
        }
        onChange={(change) => setDraft({ ...draft, ...change })}
      />
      {hasFormError(add.error, FIELDS) && (
        <Notice tone="danger">
          <ErrorText error={add.error} />
        </Notice>
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" kind="primary" busy={add.isPending}>
          Add and test
        </Button>
      </DialogActions>
    </form>
  );
}
