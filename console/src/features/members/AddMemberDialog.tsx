import { useState } from "react";

import { useAddMember } from "@/features/members/queries";
import { rolesToGive } from "@/features/members/roles";
import { PasswordOnce } from "@/features/members/PasswordOnce";
import { faultOf, isElsewhere } from "@/shared/api/faults";
import { useProjectId, useSession, type Role } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { Dialog, DialogActions } from "@/shared/ui/Dialog";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Field, SelectField } from "@/shared/ui/Field";
import { Notice } from "@/shared/ui/Notice";

export function AddMemberDialog({ onClose }: { onClose: () => void }) {
  const add = useAddMember();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const { roles, instance_admin } = useSession();
  const offered = rolesToGive(roles[useProjectId()], instance_admin);
  if (add.data?.initial_password) {
    const { email } = add.data.member;
    return <PasswordOnce email={email} password={add.data.initial_password} onClose={onClose} />;
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add a member"
      description="Somebody not known here yet gets a password, which you hand on."
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate({ email: email.trim(), role }, { onSuccess: closeUnlessNew(onClose) });
        }}
      >
        <Field
          label="Email"
          required
          autoFocus
          autoComplete="off"
          placeholder="ann@example.org"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          error={faultOf(add.error, "email")}
        />
        <SelectField
          label="Role"
          value={role}
          onChange={(event) => setRole(event.target.value as Role)}
          hint={`${sentence(offered.find((each) => each.role === role)?.does)}.`}
        >
          {offered.map((each) => (
            <option key={each.role} value={each.role}>
              {each.name}
            </option>
          ))}
        </SelectField>
        {isElsewhere(add.error, ["email"]) && (
          <Notice tone="danger">
            <ErrorText error={add.error} />
          </Notice>
        )}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={add.isPending}>
            Add member
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** Who is known already has a password: nothing more to show. */
function closeUnlessNew(onClose: () => void) {
  return (added: { initial_password: string | null }) => {
    if (added.initial_password === null) onClose();
  };
}

function sentence(text = ""): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
