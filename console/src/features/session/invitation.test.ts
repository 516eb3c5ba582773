import { expect, test } from "vitest";

import { deadTitle } from "@/features/session/invitation";
import { ApiError } from "@/shared/api/client";

function refused(code: string): ApiError {
  return new ApiError({ status: 409, code, detail: "" });
}

test("each way in which a link is dead has a title of its own", () => {
  const codes = ["redeemed", "expired", "revoked", "unknown"].map((each) => `invitation_${each}`);
  const titles = codes.map((code) => deadTitle(refused(code)));
  expect(new Set(titles).size).toBe(codes.length);
  expect(titles).not.toContain(deadTitle(refused("overloaded")));
});
