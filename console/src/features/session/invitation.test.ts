import { expect, test } from "vitest";

import { invalidInvitationTitle } from "@/features/session/invitation";
import { ApiError } from "@/shared/api/client";

function apiError(code: string): ApiError {
  return new ApiError({ status: 409, code, detail: "" });
}

test("each reason why a link is invalid has its own title", () => {
  const codes = ["redeemed", "expired", "revoked", "unknown"].map((each) => `invitation_${each}`);
  const titles = codes.map((code) => invalidInvitationTitle(apiError(code)));
  expect(new Set(titles).size).toBe(codes.length);
  expect(titles).not.toContain(invalidInvitationTitle(apiError("overloaded")));
});
