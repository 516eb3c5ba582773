import { invitationLink, useInvite, type IssuedInvitation } from "@/features/members/invitations";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { formatDateTime } from "@/shared/format/time";
import { assignableRoles, roleName } from "@/shared/roles";
import { useProjectId, useSession, type Role } from "@/shared/session";
import { Dialog } from "@/shared/ui/Dialog";
import { SelectField, TextField } from "@/shared/ui/Field";
import { ShownOnce } from "@/shared/ui/ShownOnce";

const EMPTY_FORM: { email: string; role: Role } = { email: "", role: "viewer" };

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const invite = useInvite();
  const { roles, instance_admin } = useSession();
  const assignable = assignableRoles(roles[useProjectId()], instance_admin);
  const form = useForm({
    initial: EMPTY_FORM,
    mutation: invite,
    toInput: ({ email, role }) => ({ email: email.trim(), role }),
  });
  if (invite.data) return <ShownInvitation issued={invite.data} onClose={onClose} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Invite a member"
      description="Creates a link that you send yourself. The first person who opens it can join."
    >
      <Form form={form} submitLabel="Create link" onCancel={onClose}>
        <TextField
          label="Email"
          {...form.text("email")}
          required
          autoFocus
          autoComplete="off"
          placeholder="ann@example.org"
          hint="For reference only: no email is sent, and the person can sign in with another address."
        />
        <SelectField
          label="Role"
          {...form.text("role")}
          hint={assignable.find(({ role }) => role === form.values.role)?.description}
        >
          {assignable.map(({ role, name }) => (
            <option key={role} value={role}>
              {name}
            </option>
          ))}
        </SelectField>
      </Form>
    </Dialog>
  );
}

function ShownInvitation({ issued, onClose }: { issued: IssuedInvitation; onClose: () => void }) {
  const { email, role, expires_at } = issued.invitation;
  return (
    <ShownOnce
      title="Invitation link created"
      label="invitation link"
      secret={invitationLink(issued, window.location.origin)}
      note={
        <>
          Send it only to <strong className="font-medium">{email}</strong>: the first person who
          opens it can join as {roleName(role)}.
        </>
      }
      onClose={onClose}
    >
      <p className="text-xs text-ink-3">
        Single use. Expires {formatDateTime(expires_at)}. You can revoke it until it is used.
      </p>
    </ShownOnce>
  );
}
