import { useChangeShares, type Place } from "@/features/rollouts/queries";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { armShares } from "@/shared/releases/arms";
import type { Rollout } from "@/shared/releases/queries";
import { cx } from "@/shared/ui/classes";
import { Dialog } from "@/shared/ui/Dialog";
import { INPUT_CLASSES, TextField } from "@/shared/ui/Field";

interface SharesDialogProps {
  place: Place;
  rollout: Rollout;
  onClose: () => void;
}

/** Changes the shares of the arms. */
export function SharesDialog({ place, rollout, onClose }: SharesDialogProps) {
  const arms = armShares(rollout);
  const form = useForm({
    initial: {
      arms: Object.fromEntries(arms.map(({ name, share }) => [name, percentOf(share)])),
      message: "",
    },
    mutation: useChangeShares(place, rollout.version, onClose),
    toInput: ({ arms: percents, message }) => ({
      message,
      percents: Object.fromEntries(
        Object.entries(percents).map(([name, text]) => [name, Number(text)]),
      ),
    }),
  });
  const percents = form.values.arms;
  const total = Object.values(percents).reduce((sum, text) => sum + Number(text), 0);
  return (
    <Dialog
      open
      onClose={onClose}
      title="Change shares"
      description="From then on you move the shares, not the steps of a plan. Only those move who must."
    >
      <Form form={form} submitLabel="Change shares" onCancel={onClose}>
        <ul className="flex flex-col gap-2">
          {arms.map(({ name }) => (
            <li key={name} className="flex items-center gap-2">
              <span className="min-w-0 flex-1 truncate font-medium">{name}</span>
              <input
                aria-label={`Share of ${name} in percent`}
                inputMode="decimal"
                value={percents[name] ?? ""}
                onChange={(event) =>
                  form.change({ arms: { ...percents, [name]: event.target.value } })
                }
                className={cx(INPUT_CLASSES, "num max-w-24 text-right")}
              />
              %
            </li>
          ))}
        </ul>
        <p className={cx("text-xs", total === 100 ? "text-ink-3" : "text-danger")}>
          {form.errorOf("arms") ?? `Together ${total} %`}
        </p>
        <TextField label="Reason" {...form.text("message")} maxLength={1000} />
      </Form>
    </Dialog>
  );
}

function percentOf(share: number): string {
  return String(Math.round(share * 10_000) / 100);
}
