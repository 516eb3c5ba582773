import { expiryAfter } from "@/features/keys/expiry";
import type { Schemas } from "@/shared/api/client";

type KeyRequest = Schemas["KeyRequest"];

/** Reads the form of a new key; `now` in Unix milliseconds. */
export function readKeyForm(form: FormData, now: number): KeyRequest {
  return {
    name: text(form, "name"),
    role: (text(form, "role") || null) as KeyRequest["role"],
    allowed_models: splitModels(text(form, "allowed_models")),
    expires_at: expiryAfter(Number(text(form, "days")), now),
    attributes: {
      team: text(form, "team"),
      use_case: text(form, "use_case"),
      environment: text(form, "environment"),
      segment: text(form, "segment"),
      user: text(form, "user"),
    },
  };
}

/** Splits model names and patterns at commas and white space; removes duplicates. */
export function splitModels(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter(Boolean))];
}

function text(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value.trim() : "";
}
