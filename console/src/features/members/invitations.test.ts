import { expect, test } from "vitest";

import { sortInvitations, invitationLink, type Invitation } from "@/features/members/invitations";

function invitation(id: string, state: Invitation["state"], day: number): Invitation {
  return {
    id,
    email: `${id}@example.org`,
    role: "viewer",
    state,
    invited_by: "ann@example.org",
    created_at: `2026-11-0${day}T00:00:00Z`,
    expires_at: "2026-11-20T00:00:00Z",
    redeemed_by: "",
  };
}

test("pending invitations come first, then the newest", () => {
  const found = [
    invitation("old", "pending", 1),
    invitation("used", "redeemed", 2),
    invitation("gone", "revoked", 3),
    invitation("new", "pending", 4),
  ];
  expect(sortInvitations(found).map((each) => each.id)).toEqual(["new", "old", "gone", "used"]);
});

test("the link opens this console's invitation page; the token is in its fragment", () => {
  const link = new URL(invitationLink({ path: "/invitation#inv_x" }, "https://penstock.example"));
  expect([link.pathname, link.search, link.hash]).toEqual(["/invitation", "", "#inv_x"]);
});
