import { expect, test } from "vitest";

import { requirementOf } from "@/app/access";

test("a page needs its permission; pages that add or edit need another one", () => {
  const permission = (path: string) => requirementOf(`/projects/p/${path}`)?.permission;
  expect(permission("prompts")).toBe("prompts:read");
  expect(permission("prompts/support")).toBe("prompts:read");
  expect(permission("prompts/_new")).toBe("prompts:write");
  expect(permission("prompts/support/edit")).toBe("prompts:write");
  expect(permission("routes/edit")).toBe("routes:read"); // a route of this name
  expect(permission("datasets/a/_diff")).toBe("datasets:read");
  expect(permission("annotation/a/_rule")).toBe("annotations:manage");
  expect(permission("")).toBeUndefined();
});
