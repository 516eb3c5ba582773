import { expect, test } from "vitest";

import { ApiError } from "@/shared/api/client";
import { fieldError } from "@/shared/forms/fieldErrors";

function apiError(param: string, detail = "body.name: must not be empty", hint = ""): ApiError {
  return new ApiError({ status: 422, code: "invalid_request", detail, hint, param });
}

test.each([
  ["name", "name"],
  ["body.name", "name"],
  ["body.allowed_models.0", "allowed_models"],
  ["targets.2", "targets"],
  ["targets.2", "targets.2"],
  ["body.attributes.team", "attributes.team"],
])("an error of %s belongs to the field %s", (param, field) => {
  expect(fieldError(apiError(param), field)).toBeDefined();
  expect(fieldError(apiError(param), "other")).toBeUndefined();
});

test("the message is a sentence without the parameter, followed by the hint", () => {
  const error = apiError("body.name", "body.name: must not be empty.", "Enter a name.");
  expect(fieldError(error, "name")).toBe("Must not be empty. Enter a name.");
});

test("other errors belong to no field", () => {
  expect(fieldError(new Error("offline"), "name")).toBeUndefined();
  expect(fieldError(null, "name")).toBeUndefined();
});

test("an error of one item is not that of another", () => {
  expect(fieldError(apiError("targets.21"), "targets.2")).toBeUndefined();
});
