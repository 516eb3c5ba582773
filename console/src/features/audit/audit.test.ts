import { expect, test } from "vitest";

import { changesBetween } from "@/features/audit/diff";
import type { AuditEvent } from "@/features/audit/queries";
import { actionText, subjectName } from "@/features/audit/descriptions";

const EVENT: AuditEvent = {
  project_id: "prj_1",
  sequence: 3,
  id: "evt_1",
  at: "2026-11-21T12:00:00Z",
  actor_kind: "user",
  actor_id: "usr_1",
  actor_label: "ann@example.org",
  action: "key.create",
  subject: "key_1",
  before: null,
  after: { name: "checkout" },
  previous: "",
  hash: "",
  seal: "",
};

test("only changed fields are shown, nested fields with the name of their parent", () => {
  const before = { name: "a", attributes: { team: "x", user: "" }, models: ["m1"] };
  const after = { name: "a", attributes: { team: "y", user: "" }, models: ["m1", "m2"] };
  expect(changesBetween(before, after)).toEqual([
    { field: "attributes team", before: "x", after: "y" },
    { field: "models", before: "m1", after: "m1, m2" },
  ]);
});

test("a created or removed item has values on one side only; empty fields are left out", () => {
  const state = { name: "a", expires_ms: null, models: [], count: 0 };
  expect(changesBetween(null, state)).toEqual([
    { field: "name", before: undefined, after: "a" },
    { field: "count", before: undefined, after: "0" },
  ]);
  expect(changesBetween(state, null).map((change) => change.after)).toEqual([undefined, undefined]);
});

test("times are shown as date and time", () => {
  const [change] = changesBetween({ revoked_ms: null }, { revoked_ms: 1_795_230_958_000 });
  expect(change?.after).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
});

test("an event is described by its action and the name of its subject", () => {
  expect([actionText(EVENT), subjectName(EVENT)]).toEqual(["created key", "checkout"]);
  const removed = { ...EVENT, action: "member.remove", before: { email: "b@x" }, after: null };
  expect([actionText(removed), subjectName(removed)]).toEqual(["removed member", "b@x"]);
  expect(subjectName({ ...EVENT, action: "session.create", after: null })).toBe("");
  expect(actionText({ ...EVENT, action: "galaxy.invert" })).toBe("galaxy.invert");
  expect(subjectName({ ...EVENT, after: null })).toBe("key_1");
});
