import { Plus, X } from "lucide-react";

import { useDivide } from "@/features/datasets/queries";
import { fieldError } from "@/shared/forms/fieldErrors";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { Button, IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { Dialog } from "@/shared/ui/Dialog";
import { Disclosure } from "@/shared/ui/Disclosure";
import { INPUT_CLASSES, TextField } from "@/shared/ui/Field";
import { useToast } from "@/shared/ui/Toasts";

const MAX_SPLITS = 10;

interface Part {
  key: number;
  name: string;
  /** In percent. */
  share: string;
}

const HALVES: readonly Part[] = [
  { key: 0, name: "train", share: "80" },
  { key: 1, name: "test", share: "20" },
];

interface DivideDialogProps {
  name: string;
  onClose: () => void;
}

/** Divides the items of the newest version over splits. */
export function DivideDialog({ name, onClose }: DivideDialogProps) {
  const showToast = useToast();
  const mutation = useDivide(name, ({ made, version }) => {
    showToast({
      text: made ? `Version ${version.version} has the splits` : "All stay as they are",
    });
    onClose();
  });
  const form = useForm({
    initial: { shares: HALVES, seed: "0", similarity: "80" },
    mutation,
    toInput: ({ shares, seed, similarity }) => ({
      shares: Object.fromEntries(shares.map((each) => [each.name, Number(each.share) / 100])),
      seed: Number(seed),
      similarity: Number(similarity) / 100,
    }),
  });
  const { shares } = form.values;
  const total = shares.reduce((sum, { share }) => sum + Number(share), 0);
  return (
    <Dialog
      open
      onClose={onClose}
      title="Divide over splits"
      description="One new version. Near-duplicates and the items of a group stay together, so that a test split has nothing that a model was tuned on."
    >
      <Form form={form} submitLabel="Divide" onCancel={onClose}>
        <fieldset className="flex flex-col gap-2">
          <legend className="mb-1 text-sm font-medium">Splits</legend>
          {shares.map((part) => (
            <PartRow
              key={part.key}
              part={part}
              onChange={(next) =>
                form.change({ shares: shares.map((each) => (each === part ? next : each)) })
              }
              onRemove={() => form.change({ shares: shares.filter((each) => each !== part) })}
            />
          ))}
          <p className={cx("text-xs", total === 100 ? "text-ink-3" : "text-danger")}>
            Together {+total.toPrecision(6)} %{total !== 100 && ": the shares must be 100 %."}
          </p>
          {fieldError(mutation.error, "shares") && (
            <p role="alert" className="text-xs text-danger">
              {fieldError(mutation.error, "shares")}
            </p>
          )}
          <div>
            <Button
              disabled={shares.length === MAX_SPLITS}
              onClick={() => form.change({ shares: [...shares, newPart(shares)] })}
            >
              <Plus size={14} className="text-ink-3" />
              Add split
            </Button>
          </div>
        </fieldset>
        <Disclosure title="Further settings" open={form.hasError("seed", "similarity")}>
          <TextField
            label="Similarity that keeps inputs together (%)"
            type="number"
            min={10}
            max={100}
            {...form.text("similarity")}
          />
          <TextField
            label="Seed"
            type="number"
            min={0}
            hint="Another seed gives another division."
            {...form.text("seed")}
          />
        </Disclosure>
      </Form>
    </Dialog>
  );
}

function newPart(shares: readonly Part[]): Part {
  const left = 100 - shares.reduce((sum, { share }) => sum + Number(share), 0);
  return {
    key: Math.max(...shares.map(({ key }) => key), 0) + 1,
    name: "",
    share: left > 0 ? String(left) : "",
  };
}

interface PartRowProps {
  part: Part;
  onChange: (part: Part) => void;
  onRemove: () => void;
}

function PartRow({ part, onChange, onRemove }: PartRowProps) {
  const { name, share } = part;
  return (
    <div className="flex items-center gap-2">
      <input
        name="shares"
        aria-label="Name of the split"
        placeholder="validation"
        required
        maxLength={63}
        value={name}
        onChange={(event) => onChange({ ...part, name: event.target.value })}
        className={INPUT_CLASSES}
      />
      <input
        name="shares"
        aria-label={`Share of ${name || "the split"} in percent`}
        type="number"
        min={0.01}
        max={100}
        step="any"
        required
        value={share}
        onChange={(event) => onChange({ ...part, share: event.target.value })}
        className={cx(INPUT_CLASSES, "w-24!")}
      />
      <span className="text-sm text-ink-3">%</span>
      <IconButton label={`Remove the split ${name}`} onClick={onRemove}>
        <X size={14} />
      </IconButton>
    </div>
  );
}
