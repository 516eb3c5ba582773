import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ProviderAddedDialog } from "@/features/providers/ProviderAddedDialog";
import { ProviderFields } from "@/features/providers/ProviderFields";
import { formForVendor, PROVIDER_PARAMS, toNewProvider } from "@/features/providers/providerForm";
import { useAddProvider } from "@/features/providers/queries";
import { VendorPicker } from "@/features/providers/VendorPicker";
import { OTHER, vendorsQuery, type Vendor } from "@/features/providers/vendors";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { useProjectId, useSession } from "@/shared/session";
import { Dialog } from "@/shared/ui/Dialog";
import { TextField } from "@/shared/ui/Field";
import { QueryContent } from "@/shared/ui/QueryContent";

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
  const form = useForm({
    initial: formForVendor(vendor, canAllowPrivate),
    mutation: add,
    toInput: (values) => toNewProvider(values, vendor),
    params: PROVIDER_PARAMS,
  });
  const selectVendor = (selected: Vendor) => {
    setVendor(selected);
    form.change({ ...formForVendor(selected, canAllowPrivate), api_key: form.values.api_key });
    add.reset();
  };
  return (
    <Form form={form} submitLabel="Add and test" onCancel={onClose}>
      <VendorPicker vendors={vendors} selected={vendor} onSelect={selectVendor} />
      <TextField
        label="Name"
        {...form.text("name")}
        required
        autoComplete="off"
        spellCheck={false}
        placeholder="my-models"
        hint={`Models are called as ${form.values.name || "my-models"}/<model>.`}
      />
      <ProviderFields
        form={form}
        kind={vendor.kind}
        keyHint={
          vendor.api_key_env
            ? "Stored encrypted and never shown again."
            : "Leave empty if the server needs no key."
        }
      />
    </Form>
  );
}
