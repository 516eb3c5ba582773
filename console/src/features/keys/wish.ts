import { expiryAfter } from "@/features/keys/expiry";
import type { Schemas } from "@/shared/api/client";

type Wish = Schemas["KeyRequest"];

/** What the form of a new key asks for, at `now` (Unix milliseconds). */
export function readWish(form: FormData, now: number): Wish {
  return {
    name: text(form, "name"),
    role: (text(form, "role") || null) as Wish["role"],
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

/** Model names and patterns, however they were separated, once each. */
export function splitModels(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter(Boolean))];
}

function text(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value.trim() : "";
}
