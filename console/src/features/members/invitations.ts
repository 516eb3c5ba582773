import { queryOptions } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { fetchAllPages } from "@/shared/api/pagination";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { useProjectId, type Role } from "@/shared/session";
import type { Tone } from "@/shared/ui/Badge";

export type Invitation = Schemas["InvitationView"];
export type IssuedInvitation = Schemas["IssuedInvitationView"];

const INVITATIONS = "/api/v1/projects/{project_id}/invitations";

const invitationKeys = {
  of: (projectId: string) => ["invitations", projectId] as const,
};

/** The project's invitations: pending ones first, then newest first. */
export const invitationsQuery = (projectId: string) =>
  queryOptions({
    queryKey: invitationKeys.of(projectId),
    queryFn: async () => {
      const path = { project_id: projectId };
      const found = await fetchAllPages((cursor) => {
        const query = { cursor, limit: 500 };
        return data(api.GET(INVITATIONS, { params: { path, query } }));
      });
      return sortInvitations(found);
    },
  });

export function useInvite() {
  const project_id = useProjectId();
  return useApiMutation({
    run: (body: { email: string; role: Role }) =>
      data(api.POST(INVITATIONS, { params: { path: { project_id } }, body })),
    invalidates: [invitationKeys.of(project_id)],
  });
}

export function useRevokeInvitation(onRevoked: () => void) {
  const project_id = useProjectId();
  return useApiMutation({
    run: (invitation_id: string) => {
      const path = { project_id, invitation_id };
      return data(api.DELETE(`${INVITATIONS}/{invitation_id}`, { params: { path } }));
    },
    invalidates: [invitationKeys.of(project_id)],
    successToast: "Invitation revoked",
    onSuccess: onRevoked,
  });
}

/** Pending invitations first, then newest first. */
export function sortInvitations(invitations: Invitation[]): Invitation[] {
  const pending = (each: Invitation) => (each.state === "pending" ? 0 : 1);
  return [...invitations].sort(
    (a, b) => pending(a) - pending(b) || b.created_at.localeCompare(a.created_at),
  );
}

/** The link to send: this console's page that redeems the invitation. */
export function invitationLink(issued: Pick<IssuedInvitation, "path">, origin: string): string {
  return `${origin}${issued.path}`;
}

export const STATE_TONES: Record<Invitation["state"], Tone> = {
  pending: "warn",
  redeemed: "ok",
  expired: "neutral",
  revoked: "neutral",
};
