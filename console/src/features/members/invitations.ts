import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { fetchAllPages } from "@/shared/api/pagination";
import { useProjectId, type Role } from "@/shared/session";
import type { Tone } from "@/shared/ui/Badge";

export type Invitation = Schemas["InvitationView"];
export type NewInvitation = Schemas["IssuedInvitationView"];

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
  return useInvitationMutation((projectId, body: { email: string; role: Role }) => {
    const path = { project_id: projectId };
    return data(api.POST(INVITATIONS, { params: { path }, body }));
  });
}

export function useRevokeInvitation() {
  return useInvitationMutation((projectId, invitationId: string) => {
    const path = { project_id: projectId, invitation_id: invitationId };
    return data(api.DELETE(`${INVITATIONS}/{invitation_id}`, { params: { path } }));
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
export function invitationLink(made: Pick<NewInvitation, "path">, origin: string): string {
  return `${origin}${made.path}`;
}

export const STATE_TONES: Record<Invitation["state"], Tone> = {
  pending: "warn",
  redeemed: "ok",
  expired: "neutral",
  revoked: "neutral",
};

function useInvitationMutation<Input, Result>(
  run: (projectId: string, input: Input) => Promise<Result>,
) {
  const projectId = useProjectId();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: Input) => run(projectId, input),
    onSuccess: () => client.invalidateQueries({ queryKey: invitationKeys.of(projectId) }),
  });
}
