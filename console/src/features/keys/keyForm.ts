import { expiryAfter } from "@/features/keys/expiry";
import type { NewKey } from "@/features/keys/queries";
import { KEY_ATTRIBUTES, type KeyAttribute } from "@/shared/calls/attributes";
import { parseTags } from "@/shared/calls/tags";
import { splitList } from "@/shared/forms/splitList";

/** The values of the form of a new key. `days` is the lifetime, `0` for no expiry. `hints`: what becomes
 * of those that a provider does not have, `drop` or `reject`. */
export type KeyForm = Record<
  "name" | "days" | "role" | "priority" | "hints" | "allowed_models" | "tags" | KeyAttribute,
  string
>;

export const EMPTY_FORM: KeyForm = {
  name: "",
  days: "0",
  role: "",
  priority: "normal",
  hints: "drop",
  allowed_models: "",
  tags: "",
  ...forEachAttribute(() => ""),
};

/** The request that creates the key; `now` in Unix milliseconds. */
export function toNewKey(form: KeyForm, now: number): NewKey {
  return {
    name: form.name.trim(),
    role: (form.role || null) as NewKey["role"],
    priority: form.priority as NonNullable<NewKey["priority"]>,
    strict_hints: form.hints === "reject",
    allowed_models: splitList(form.allowed_models),
    expires_at: expiryAfter(Number(form.days), now),
    attributes: forEachAttribute((name) => form[name].trim()),
    tags: parseTags(form.tags),
  };
}

/** The API's parameters of the attribute fields. */
export const ATTRIBUTE_PARAMS = forEachAttribute((name) => `attributes.${name}`);

function forEachAttribute(value: (name: KeyAttribute) => string): Record<KeyAttribute, string> {
  const pairs = KEY_ATTRIBUTES.map(({ name }) => [name, value(name)]);
  return Object.fromEntries(pairs) as Record<KeyAttribute, string>;
}
