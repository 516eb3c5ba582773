import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { Invitations } from "@/features/members/Invitations";
import { InviteDialog } from "@/features/members/InviteDialog";
import { MemberTable } from "@/features/members/MemberTable";
import { NewPasswordDialog } from "@/features/members/NewPasswordDialog";
import { membersQuery, useChangeRole, type Member } from "@/features/members/queries";
import { RemoveMemberDialog } from "@/features/members/RemoveMemberDialog";
import { useHasRole, useProjectId, useSession, type Role } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Loaded } from "@/shared/ui/Loaded";
import { Notice } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";

type Open = { deed: "invite" } | { deed: "remove" | "password"; member: Member } | null;

export function MembersPage() {
  const mayWrite = useHasRole("admin");
  const instanceAdmin = useSession().instance_admin;
  const query = useQuery(membersQuery(useProjectId()));
  const change = useChangeRole();
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <Page
      title="Members"
      actions={
        mayWrite && (
          <Button kind="primary" onClick={() => setOpen({ deed: "invite" })}>
            Invite
          </Button>
        )
      }
    >
      {change.error && (
        <div className="mb-3">
          <Notice tone="danger" onClose={change.reset}>
            <ErrorText error={change.error} />
          </Notice>
        </div>
      )}
      <Loaded query={query}>
        {(members) => (
          <MemberTable
            members={members}
            {...(mayWrite && {
              onRole: (member: Member, role: Role) =>
                change.mutate({ userId: member.user_id, role }),
              onRemove: (member: Member) => setOpen({ deed: "remove", member }),
            })}
            {...(instanceAdmin && {
              onPassword: (member: Member) => setOpen({ deed: "password", member }),
            })}
          />
        )}
      </Loaded>
      {mayWrite && <Invitations />}
      {open?.deed === "invite" && <InviteDialog onClose={close} />}
      {open?.deed === "remove" && <RemoveMemberDialog member={open.member} onClose={close} />}
      {open?.deed === "password" && <NewPasswordDialog member={open.member} onClose={close} />}
    </Page>
  );
}
