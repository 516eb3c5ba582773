import { expect, test } from "vitest";

import { matchesSearch, parseUseCasesSearch } from "@/features/useCases/search";
import {
  EMPTY_USE_CASE,
  formForUseCase,
  toNewUseCase,
  toUseCaseChange,
} from "@/features/useCases/useCaseForm";
import { isReached, targetText } from "@/features/useCases/words";
import type { UseCase } from "@/shared/releases/queries";

const USE_CASE: UseCase = {
  name: "support",
  version: 4,
  owner: "Ann",
  purpose: "Answers questions.",
  intended_domain: "",
  intended_users: "",
  risk_tier: "high",
  data_classes: ["customer names", "orders"],
  criteria: [{ name: "correct", description: "", at_least: 0.9, at_most: null }],
  status: "active",
  environments: [{ name: "production", protected: true, role: "admin", evidence: ["evaluation"] }],
  updated_at: "2026-11-30T10:00:00Z",
};

test("a form that nobody changed says what the use case is", () => {
  const { name, version, updated_at, ...content } = USE_CASE;
  expect(toUseCaseChange(formForUseCase(USE_CASE), version)).toEqual({ ...content, version });
  expect([name, updated_at]).toHaveLength(2);
});

test("a new use case has the usual environments and empty bounds are none", () => {
  const criteria = [{ id: 0, name: " kind ", description: "", at_least: "", at_most: "0.4" }];
  const body = toNewUseCase({ ...EMPTY_USE_CASE, name: " a ", data_classes: "x, ,y", criteria });
  expect(body).toMatchObject({ name: "a", data_classes: ["x", "y"] });
  expect(body.criteria).toEqual([{ name: "kind", description: "", at_least: null, at_most: 0.4 }]);
  expect(body.environments?.map(({ name }) => name)).toEqual(["dev", "staging", "production"]);
});

test("the search finds words of name, owner and purpose, and one status", () => {
  expect(matchesSearch(USE_CASE, { q: "ann QUESTIONS" })).toBe(true);
  expect(matchesSearch(USE_CASE, { q: "ann other" })).toBe(false);
  expect(matchesSearch(USE_CASE, { status: "draft" })).toBe(false);
  expect(parseUseCasesSearch({ q: "", status: "unknown" })).toEqual({});
});

test("targets have one bound or two", () => {
  const target = { name: "x", description: "", at_least: null, at_most: null };
  expect(targetText({ ...target, at_least: 0.9 })).toBe("at least 0.9");
  expect(targetText({ ...target, at_most: 2 })).toBe("at most 2");
  expect(targetText({ ...target, at_least: 0, at_most: 1 })).toBe("0 to 1");
  expect(isReached({ ...target, at_least: 0.9 }, 0.9)).toBe(true);
  expect(isReached({ ...target, at_most: 0.5 }, 0.6)).toBe(false);
});
