import type { Key } from "@/features/keys/queries";
import { KEY_ATTRIBUTES } from "@/shared/calls/attributes";
import type { Tone } from "@/shared/ui/Badge";

const SOON_MS = 7 * 24 * 3600 * 1000;

export interface KeyState {
  name: "active" | "expires soon" | "expired" | "revoked";
  tone: Tone;
  /** Whether the gateway accepts it. */
  usable: boolean;
}

/** The state of a key at `now` (Unix milliseconds). */
export function stateOf(key: Key, now: number): KeyState {
  if (key.revoked_at !== null) return { name: "revoked", tone: "neutral", usable: false };
  const left = key.expires_at === null ? Infinity : Date.parse(key.expires_at) - now;
  if (left <= 0) return { name: "expired", tone: "neutral", usable: false };
  if (left < SOON_MS) return { name: "expires soon", tone: "warn", usable: true };
  return { name: "active", tone: "ok", usable: true };
}

/** The attributes and tags that the key sets on its calls. */
export function attributionOf(key: Key): { name: string; value: string }[] {
  const attributes = KEY_ATTRIBUTES.flatMap(({ name, label }) => {
    const value = key.attributes[name];
    return value ? [{ name: label.toLowerCase(), value }] : [];
  });
  return [...attributes, ...Object.entries(key.tags).map(([name, value]) => ({ name, value }))];
}

/** Whether the key's name, prefix, id or an attribute contains `text`, ignoring case. */
export function matches(key: Key, text: string): boolean {
  const needle = text.trim().toLowerCase();
  const values = [key.name, key.prefix, key.id, ...attributionOf(key).map(({ value }) => value)];
  return values.some((value) => value.toLowerCase().includes(needle));
}
