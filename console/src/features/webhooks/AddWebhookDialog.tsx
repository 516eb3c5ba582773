import { useAddWebhook, type WebhookEvent } from "@/features/webhooks/queries";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { useSession } from "@/shared/session";
import { Dialog } from "@/shared/ui/Dialog";
import { CheckboxField, TextField } from "@/shared/ui/Field";
import { ShownOnce } from "@/shared/ui/ShownOnce";
import { toggled, ToggleGroup } from "@/shared/ui/ToggleGroup";

/** The events that webhooks tell, besides tests. */
const EVENTS: readonly WebhookEvent[] = [
  "rollout.started",
  "rollout.promoted",
  "rollout.rolled_back",
  "rollout.stopped",
  "rollout.paused",
  "evidence.failed",
  "approval.requested",
  "evaluation_schedule.failed",
  "feedback.received",
];

interface WebhookForm {
  url: string;
  events: WebhookEvent[];
  private_allowed: boolean;
}

const EMPTY: WebhookForm = { url: "", events: [], private_allowed: false };

/** The server makes the secret. */
function toInput(values: WebhookForm) {
  return { ...values, secret: "" };
}

/** Adds a webhook, then shows its secret once. */
export function AddWebhookDialog({ onClose }: { onClose: () => void }) {
  const add = useAddWebhook();
  const isInstanceAdmin = useSession().instance_admin;
  const form = useForm({ initial: EMPTY, mutation: add, toInput });
  if (add.data) {
    return <ShownSecret title="Webhook added" secret={add.data.secret} onClose={onClose} />;
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add a webhook"
      description="Another system gets a signed message when something happens."
    >
      <Form form={form} submitLabel="Add webhook" onCancel={onClose}>
        <TextField
          label="Address"
          type="url"
          {...form.text("url")}
          placeholder="https://tickets.example.org/penstock"
          required
          autoFocus
        />
        <div className="flex flex-col gap-1">
          <span className="text-sm font-medium">Events</span>
          <ToggleGroup
            label="Events"
            options={EVENTS.map((event) => ({ value: event, name: event }))}
            selected={form.values.events}
            onToggle={(event) =>
              form.change({ events: toggled(form.values.events, event as WebhookEvent) })
            }
          />
          <p className="text-xs text-ink-3">None selected: all events.</p>
          {form.errorOf("events") && (
            <p className="text-xs text-danger">{form.errorOf("events")}</p>
          )}
        </div>
        {isInstanceAdmin && (
          <CheckboxField
            label="Allow a private address"
            hint="Such as one of your own network, also without TLS."
            {...form.checkbox("private_allowed")}
          />
        )}
      </Form>
    </Dialog>
  );
}

interface ShownSecretProps {
  title: string;
  secret: string;
  onClose: () => void;
}

/** Shows the secret that verifies messages, once. */
export function ShownSecret({ title, secret, onClose }: ShownSecretProps) {
  return (
    <ShownOnce
      title={title}
      description="The receiver verifies each message with this secret (Standard Webhooks)."
      label="secret"
      secret={secret}
      onClose={onClose}
    />
  );
}
