import { useState } from "react";

import { LinkOnce } from "@/features/members/LinkOnce";
import { useInvite } from "@/features/members/invitations";
import { fieldError, hasFormError } from "@/shared/api/fieldErrors";
import { assignableRoles } from "@/shared/roles";
import { useProjectId, useSession, type Role } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Field, SelectField } from "@/shared/ui/Field";
import { Notice } from "@/shared/ui/Notice";

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const invite = useInvite();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const { roles, instance_admin } = useSession();
  const offered = assignableRoles(roles[useProjectId()], instance_admin);
  if (invite.data) return <LinkOnce made={invite.data} onClose={onClose} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Invite a member"
      description="Creates a link that you send yourself. The first person who opens it can join."
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          invite.mutate({ email: email.trim(), role });
        }}
      >
        <Field
          label="Email"
          required
          autoFocus
          autoComplete="off"
          placeholder="ann@example.org"
          hint="For reference only: no email is sent, and the person can sign in with another address."
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          error={fieldError(invite.error, "email")}
        />
        <SelectField
          label="Role"
          value={role}
          onChange={(event) => setRole(event.target.value as Role)}
          hint={offered.find((each) => each.role === role)?.description}
        >
          {offered.map((each) => (
            <option key={each.role} value={each.role}>
              {each.name}
            </option>
          ))}
        </SelectField>
        {hasFormError(invite.error, ["email"]) && (
          <Notice tone="danger">
            <ErrorText error={invite.error} />
          </Notice>
        )}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={invite.isPending}>
            Create link
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
