import { queryOptions } from "@tanstack/react-query";

import { api, ApiError, data, type Schemas } from "@/shared/api/client";

export type Offer = Schemas["OfferView"];

/** The invitation with this token; fails if it cannot be redeemed. */
export const invitationQuery = (token: string) =>
  queryOptions({
    queryKey: ["invitation", token],
    queryFn: () => data(api.POST("/api/v1/invitations/look", { body: { token } })),
    retry: false,
    staleTime: Infinity,
    gcTime: 0,
  });

/** A title for the error of an invitation link. */
export function invalidInvitationTitle(error: unknown): string {
  const code = error instanceof ApiError ? error.code : "";
  switch (code) {
    case "invitation_redeemed":
      return "This invitation has been used";
    case "invitation_expired":
      return "This invitation has expired";
    case "invitation_revoked":
      return "This invitation was revoked";
    case "invitation_unknown":
      return "This invitation does not exist";
    default:
      return "Something went wrong";
  }
}
