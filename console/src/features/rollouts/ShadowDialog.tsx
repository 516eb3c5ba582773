import { useQuery } from "@tanstack/react-query";

import { useSetShadow, type Place } from "@/features/rollouts/queries";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { recentReleasesQuery, type Rollout } from "@/shared/releases/queries";
import { ReleasePicker } from "@/shared/releases/ReleasePicker";
import { useProjectId } from "@/shared/session";
import { Dialog } from "@/shared/ui/Dialog";
import { TextField } from "@/shared/ui/Field";

interface ShadowDialogProps {
  place: Place;
  rollout: Rollout;
  onClose: () => void;
}

/** Sends copies of calls to another release, within a budget; or changes that. */
export function ShadowDialog({ place, rollout, onClose }: ShadowDialogProps) {
  const releases = useQuery(recentReleasesQuery(useProjectId())).data ?? [];
  const { shadow } = rollout;
  const form = useForm({
    initial: {
      release: shadow?.release ?? "",
      percent: String(shadow?.percent ?? 10),
      usd_per_day: shadow?.usd_per_day ?? "1",
      max_calls: String(shadow?.max_calls ?? 4),
      message: "",
    },
    mutation: useSetShadow(place, rollout.version, onClose),
    toInput: (values) => ({
      ...values,
      percent: Number(values.percent),
      max_calls: Number(values.max_calls),
    }),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={shadow ? "Change the shadow" : "Start a shadow"}
      description="The release answers copies of calls, after the callers have their answers. Nobody sees what it says, and you see how it compares."
    >
      <Form form={form} submitLabel={shadow ? "Save" : "Start shadow"} onCancel={onClose}>
        <ReleasePicker
          label="Release"
          releases={releases.filter(({ model }) => model)}
          value={form.values.release}
          onChange={(release) => form.change({ release })}
          error={form.errorOf("release")}
        />
        <div className="grid gap-4 sm:grid-cols-3">
          <TextField
            label="Copies (%)"
            {...form.text("percent")}
            type="number"
            min={0.01}
            max={100}
            step="any"
            required
          />
          <TextField
            label="USD a day"
            {...form.text("usd_per_day")}
            type="number"
            min={0.000001}
            step="any"
            required
          />
          <TextField
            label="Calls at once"
            {...form.text("max_calls")}
            type="number"
            min={1}
            step={1}
            required
          />
        </div>
        <TextField label="Reason" {...form.text("message")} maxLength={1000} />
      </Form>
    </Dialog>
  );
}
