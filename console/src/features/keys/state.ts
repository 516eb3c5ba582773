import type { Key } from "@/features/keys/queries";
import type { Tone } from "@/shared/ui/Badge";

const SOON_MS = 7 * 24 * 3600 * 1000;

export interface KeyState {
  name: "active" | "expires soon" | "expired" | "revoked";
  tone: Tone;
  /** Whether the gateway still takes it. */
  alive: boolean;
}

/** What became of a key at `now` (Unix milliseconds). */
export function stateOf(key: Key, now: number): KeyState {
  if (key.revoked_at !== null) return { name: "revoked", tone: "neutral", alive: false };
  const left = key.expires_at === null ? Infinity : Date.parse(key.expires_at) - now;
  if (left <= 0) return { name: "expired", tone: "neutral", alive: false };
  if (left < SOON_MS) return { name: "expires soon", tone: "warn", alive: true };
  return { name: "active", tone: "ok", alive: true };
}

const ATTRIBUTES = ["team", "use_case", "environment", "segment", "user"] as const;

/** What the key fixes for its calls, as pairs of name and value. */
export function fixedAttributes(key: Key): { name: string; value: string }[] {
  return ATTRIBUTES.flatMap((name) => {
    const value = key.attributes[name];
    return value ? [{ name: name.replace("_", " "), value }] : [];
  });
}

/** A key of an instance admin (the first one) and all others are told apart by nothing but this. */
export function matches(key: Key, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  const words = [key.name, key.prefix, key.id, ...Object.values(key.attributes)];
  return words.some((word) => word.toLowerCase().includes(wanted));
}
