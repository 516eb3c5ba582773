import { ProviderFields } from "@/features/providers/ProviderFields";
import {
  formForProvider,
  PROVIDER_PARAMS,
  toProviderChange,
} from "@/features/providers/providerForm";
import { useChangeProvider, type Provider } from "@/features/providers/queries";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { useSession } from "@/shared/session";
import { Dialog } from "@/shared/ui/Dialog";

interface EditProviderDialogProps {
  provider: Provider;
  onClose: () => void;
}

export function EditProviderDialog({ provider, onClose }: EditProviderDialogProps) {
  const canAllowPrivate = useSession().instance_admin;
  const form = useForm({
    initial: formForProvider(provider),
    mutation: useChangeProvider(provider.name, onClose),
    toInput: (values) => toProviderChange(values, provider, canAllowPrivate),
    params: PROVIDER_PARAMS,
  });
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
      <Form form={form} submitLabel="Save" onCancel={onClose}>
        <ProviderFields form={form} kind={provider.kind} currentKey={provider.api_key_hint} />
      </Form>
    </Dialog>
  );
}
