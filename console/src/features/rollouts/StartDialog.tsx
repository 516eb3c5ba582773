import { useQuery } from "@tanstack/react-query";

import { useStart, type Place } from "@/features/rollouts/queries";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { Admission } from "@/shared/releases/Admission";
import { recentReleasesQuery } from "@/shared/releases/queries";
import { ReleasePicker } from "@/shared/releases/ReleasePicker";
import { useProjectId } from "@/shared/session";
import { Dialog } from "@/shared/ui/Dialog";
import { TextField } from "@/shared/ui/Field";

interface StartDialogProps {
  place: Place;
  /** The version of the rollout that the user sees; 0: none. */
  seen: number;
  onClose: () => void;
}

/** Makes a release answer all calls. */
export function StartDialog({ place, seen, onClose }: StartDialogProps) {
  const releases = useQuery(recentReleasesQuery(useProjectId())).data ?? [];
  const form = useForm({
    initial: { release: "", message: "" },
    mutation: useStart(place, seen, onClose),
    toInput: (values) => values,
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Start a release in ${place.environment}`}
      description={`It answers all calls of “${place.use_case}” within a second. Undo brings back what answers now.`}
    >
      <Form form={form} submitLabel="Start" onCancel={onClose}>
        <ReleasePicker
          label="Release"
          releases={releases.filter(({ model }) => model)}
          value={form.values.release}
          onChange={(release) => form.change({ release })}
          error={form.errorOf("release")}
        />
        <Admission release={form.values.release} {...place} />
        <TextField label="Reason" {...form.text("message")} maxLength={1000} />
      </Form>
    </Dialog>
  );
}
