import { LimitFields } from "@/features/limits/LimitFields";
import {
  EMPTY_LIMIT,
  formForLimit,
  LIMIT_PARAMS,
  toLimitChange,
  toNewLimit,
} from "@/features/limits/limitForm";
import { describeAmount } from "@/features/limits/measures";
import { useAddLimit, useChangeLimit, type Limit } from "@/features/limits/queries";
import { dimensionLabel } from "@/shared/calls/conditions";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { Dialog } from "@/shared/ui/Dialog";

export function AddLimitDialog({ onClose }: { onClose: () => void }) {
  const mutation = useAddLimit(onClose);
  const form = useForm({
    initial: EMPTY_LIMIT,
    mutation,
    toInput: toNewLimit,
    params: LIMIT_PARAMS,
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add a limit"
      description="Calls above it are rejected. Gateways follow it within a second."
    >
      <Form form={form} submitLabel="Add limit" onCancel={onClose}>
        <LimitFields form={form} isNew />
      </Form>
    </Dialog>
  );
}

interface EditLimitDialogProps {
  limit: Limit;
  onClose: () => void;
}

export function EditLimitDialog({ limit, onClose }: EditLimitDialogProps) {
  const mutation = useChangeLimit(limit.id, onClose);
  const form = useForm({ initial: formForLimit(limit), mutation, toInput: toLimitChange });
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Edit “${limit.name}”`}
      description={
        <>
          What has been used stays. It counts {whatOf(limit)}; to change that, remove it and add
          another.
        </>
      }
    >
      <Form form={form} submitLabel="Save" onCancel={onClose}>
        <LimitFields form={form} />
      </Form>
    </Dialog>
  );
}

/** `spend a month (Europe/Berlin), for each user`. */
function whatOf(limit: Limit): string {
  const window = describeAmount(limit).split(/ (?=an? )/)[1];
  const zone = limit.time_zone === "UTC" ? "" : ` (${limit.time_zone})`;
  const per = limit.per.map((one) => dimensionLabel(one).toLowerCase()).join(", ");
  return `${limit.measure}${window ? ` ${window}` : ""}${zone}${per ? `, for each ${per}` : ""}`;
}
