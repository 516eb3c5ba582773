import { describe, expect, test } from "vitest";

import {
  addCheck,
  canAskAgain,
  EMPTY_POLICY,
  formForPolicy,
  parseOptions,
  toNewPolicy,
  toPolicyChange,
} from "@/features/guardrails/policyForm";
import type { Policy } from "@/features/guardrails/queries";

const POLICY: Policy = {
  id: "grd_1",
  name: "no secrets",
  version: 3,
  checks: [
    {
      detector: "secrets",
      places: ["input", "output"],
      action: "block",
      on_failure: "open",
      timeout_ms: 250,
      options: { kinds: ["aws"], loud: true },
      ask_again: 2,
    },
  ],
  only: { team: ["search", "ads"] },
  digest: "0",
  updated_at: "2026-11-01T00:00:00Z",
};

describe("the form", () => {
  test("keeps all parts of a policy, and its version", () => {
    const { name, checks, only } = POLICY;
    expect(toPolicyChange(formForPolicy(POLICY), 3)).toEqual({ name, checks, only, version: 3 });
  });

  test("a check that cannot ask again does not", () => {
    const form = formForPolicy(POLICY);
    const checks = form.checks.map((check) => ({ ...check, action: "redact" as const }));
    expect(checks.map(canAskAgain)).toEqual([false]);
    expect(toNewPolicy({ ...form, checks }).checks[0]?.ask_again).toBe(0);
  });

  test("new checks have ids of their own", () => {
    const ids = addCheck(addCheck(EMPTY_POLICY.checks)).map(({ id }) => id);
    expect(ids).toEqual([0, 1, 2]);
  });
});

test.each([
  ["", {}],
  [' {"a": 1} ', { a: 1 }],
  ["[1]", null],
  ["null", null],
  ["{a}", null],
])("options %j are %j", (text, options) => {
  expect(parseOptions(text)).toEqual(options);
});
