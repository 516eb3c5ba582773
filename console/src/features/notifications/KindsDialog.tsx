import { useQuery } from "@tanstack/react-query";

import {
  kindsQuery,
  useChooseKinds,
  type NotificationKind,
} from "@/features/notifications/queries";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { Dialog } from "@/shared/ui/Dialog";
import { CheckboxField } from "@/shared/ui/Field";
import { QueryContent } from "@/shared/ui/QueryContent";

const KINDS: Record<NotificationKind, { name: string; hint: string }> = {
  mention: { name: "Mentions", hint: "Somebody writes @ and your name." },
  assignment: { name: "Assignments", hint: "Feedback to handle, a queue to label." },
  approval_request: { name: "Approval requests", hint: "A release that you may approve." },
  approval_decision: { name: "Approval decisions", hint: "On your requests and releases." },
  rollout: {
    name: "My rollouts",
    hint: "Paused, promoted, rolled back, stopped or replaced.",
  },
  gate: { name: "Failed gates", hint: "A regression of what you made or measured." },
};
const ALL = Object.keys(KINDS) as NotificationKind[];

/** The kinds of notifications that the user gets from now on, in all projects. */
export function KindsDialog({ onClose }: { onClose: () => void }) {
  const query = useQuery(kindsQuery);
  return (
    <Dialog
      open
      onClose={onClose}
      title="Kinds of notifications"
      description="What you get from now on, in all projects."
    >
      <QueryContent query={query}>
        {(kinds) => <Kinds chosen={kinds} onClose={onClose} />}
      </QueryContent>
    </Dialog>
  );
}

function Kinds({ chosen, onClose }: { chosen: NotificationKind[]; onClose: () => void }) {
  const form = useForm({
    initial: Object.fromEntries(ALL.map((kind) => [kind, chosen.includes(kind)])) as Record<
      NotificationKind,
      boolean
    >,
    mutation: useChooseKinds(onClose),
    toInput: (values) => ALL.filter((kind) => values[kind]),
  });
  return (
    <Form form={form} submitLabel="Save" onCancel={onClose}>
      {ALL.map((kind) => (
        <CheckboxField
          key={kind}
          label={KINDS[kind].name}
          hint={KINDS[kind].hint}
          {...form.checkbox(kind)}
        />
      ))}
    </Form>
  );
}
