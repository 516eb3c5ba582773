import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { Invitations } from "@/features/members/Invitations";
import { InviteDialog } from "@/features/members/InviteDialog";
import { MemberTable } from "@/features/members/MemberTable";
import { membersQuery, useChangeRole, type Member } from "@/features/members/queries";
import { RemoveMemberDialog } from "@/features/members/RemoveMemberDialog";
import { ResetPasswordDialog } from "@/features/members/ResetPasswordDialog";
import { useHasRole, useProjectId, useSession, type Role } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Page } from "@/shared/ui/Page";

type OpenDialog = { kind: "invite" } | { kind: "remove" | "password"; member: Member } | null;

export function MembersPage() {
  const canWrite = useHasRole("admin");
  const instanceAdmin = useSession().instance_admin;
  const query = useQuery(membersQuery(useProjectId()));
  const changeRole = useChangeRole();
  const [open, setOpen] = useState<OpenDialog>(null);
  const close = () => setOpen(null);
  return (
    <Page
      title="Members"
      actions={
        canWrite && (
          <Button kind="primary" onClick={() => setOpen({ kind: "invite" })}>
            Invite
          </Button>
        )
      }
    >
      <QueryContent query={query}>
        {(members) => (
          <MemberTable
            members={members}
            {...(canWrite && {
              onRole: (member: Member, role: Role) =>
                changeRole.mutate({ user_id: member.user_id, role }),
              onRemove: (member: Member) => setOpen({ kind: "remove", member }),
            })}
            {...(instanceAdmin && {
              onPassword: (member: Member) => setOpen({ kind: "password", member }),
            })}
          />
        )}
      </QueryContent>
      {canWrite && <Invitations />}
      {open?.kind === "invite" && <InviteDialog onClose={close} />}
      {open?.kind === "remove" && <RemoveMemberDialog member={open.member} onClose={close} />}
      {open?.kind === "password" && <ResetPasswordDialog member={open.member} onClose={close} />}
    </Page>
  );
}
