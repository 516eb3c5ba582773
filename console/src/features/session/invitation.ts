import { queryOptions } from "@tanstack/react-query";

import { api, ApiError, data, type Schemas } from "@/shared/api/client";

export type Offer = Schemas["OfferView"];

/** Where the link with this token leads; an error if it cannot be redeemed. */
export const offerQuery = (token: string) =>
  queryOptions({
    queryKey: ["invitation", token],
    queryFn: () => data(api.POST("/api/v1/invitations/look", { body: { token } })),
    retry: false,
    staleTime: Infinity,
    gcTime: 0,
  });

/** Why a link does not work, as a title; the server's words stand below it. */
export function deadTitle(error: unknown): string {
  const code = error instanceof ApiError ? error.code : "";
  switch (code) {
    case "invitation_redeemed":
      return "This link was used";
    case "invitation_expired":
      return "This link has expired";
    case "invitation_revoked":
      return "This link was revoked";
    case "invitation_unknown":
      return "This link leads nowhere";
    default:
      return "That did not work";
  }
}
