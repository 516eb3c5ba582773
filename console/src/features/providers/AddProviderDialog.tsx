import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { Added } from "@/features/providers/Added";
import { draftOf, FIELDS, wishOf, type Draft } from "@/features/providers/draft";
import { ProviderFields } from "@/features/providers/ProviderFields";
import { useAddProvider } from "@/features/providers/queries";
import { VendorChoice } from "@/features/providers/VendorChoice";
import { OTHER, vendorsQuery, type Vendor } from "@/features/providers/vendors";
import { faultOf, isElsewhere } from "@/shared/api/faults";
import { useProjectId, useSession } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Field } from "@/shared/ui/Field";
import { Loaded } from "@/shared/ui/Loaded";
import { Notice } from "@/shared/ui/Notice";

export function AddProviderDialog({ onClose }: { onClose: () => void }) {
  const vendors = useQuery(vendorsQuery(useProjectId()));
  const add = useAddProvider();
  if (add.data) return <Added name={add.data.name} onClose={onClose} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add a provider"
      description="A vendor, or a server of your own: anything that speaks OpenAI’s format."
    >
      <Loaded query={vendors}>
        {(known) => <AddForm vendors={known} add={add} onClose={onClose} />}
      </Loaded>
    </Dialog>
  );
}

interface AddFormProps {
  vendors: readonly Vendor[];
  add: ReturnType<typeof useAddProvider>;
  onClose: () => void;
}

function AddForm({ vendors, add, onClose }: AddFormProps) {
  const mayAllow = useSession().instance_admin;
  const [vendor, setVendor] = useState<Vendor>(vendors[0] ?? OTHER);
  const [draft, setDraft] = useState<Draft>(draftOf(vendor, mayAllow));
  const choose = (chosen: Vendor) => {
    setVendor(chosen);
    setDraft({ ...draftOf(chosen, mayAllow), apiKey: draft.apiKey });
    add.reset();
  };
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate(wishOf(draft));
      }}
    >
      <VendorChoice vendors={vendors} chosen={vendor} onChoose={choose} />
      <Field
        label="Name"
        required
        autoComplete="off"
        spellCheck={false}
        placeholder="my-models"
        hint={`Calls name its models ${draft.name || "my-models"}/…`}
        value={draft.name}
        onChange={(event) => setDraft({ ...draft, name: event.target.value })}
        error={faultOf(add.error, "name")}
      />
      <ProviderFields
        draft={draft}
        error={add.error}
        keyNote={
          vendor.api_key_env
            ? "Stored encrypted, shown to nobody again."
            : "Leave it empty if the server wants none."
        }
        onChange={(change) => setDraft({ ...draft, ...change })}
      />
      {isElsewhere(add.error, FIELDS) && (
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
