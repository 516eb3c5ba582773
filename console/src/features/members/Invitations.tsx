import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import {
  invitationsQuery,
  useRevokeInvitation,
  type Invitation,
} from "@/features/members/invitations";
import { InvitationTable } from "@/features/members/InvitationTable";
import { useProjectId } from "@/shared/session";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";

/** The project's invitations; renders nothing without any. */
export function Invitations() {
  const invitations = useQuery(invitationsQuery(useProjectId())).data ?? [];
  const [revoking, setRevoking] = useState<Invitation | null>(null);
  if (invitations.length === 0) return null;
  return (
    <section className="mt-8">
      <h2 className="mb-1 text-sm font-semibold">Invitations</h2>
      <InvitationTable invitations={invitations} onRevoke={setRevoking} />
      {revoking && <RevokeDialog invitation={revoking} onClose={() => setRevoking(null)} />}
    </section>
  );
}

function RevokeDialog({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) {
  return (
    <ConfirmDialog
      title={`Revoke the invitation of ${invitation.email}?`}
      confirm="Revoke invitation"
      mutation={useRevokeInvitation(onClose)}
      input={invitation.id}
      onClose={onClose}
    >
      The link stops working immediately.
    </ConfirmDialog>
  );
}
