import type { Provider, ProviderChange, ProviderWish } from "@/features/providers/queries";
import type { Vendor } from "@/features/providers/vendors";

/** What stands in the form of a provider. */
export interface Draft {
  name: string;
  kind: string;
  baseUrl: string;
  apiKey: string;
  removeKey: boolean;
  privateAllowed: boolean;
  models: string;
  vendor: string;
  quirks: Record<string, string>;
}

export const FIELDS = ["name", "base_url", "api_key", "models", "vendor"];

/** A new provider of a known vendor. `mayAllow`: whether this person may allow private addresses. */
export function draftOf(known: Vendor, mayAllow: boolean): Draft {
  return {
    name: known.name,
    kind: known.kind,
    baseUrl: known.base_url,
    apiKey: "",
    removeKey: false,
    privateAllowed: mayAllow && looksPrivate(known.base_url),
    models: "",
    vendor: "",
    quirks: known.quirks,
  };
}

export function draftFrom(provider: Provider): Draft {
  return {
    name: provider.name,
    kind: provider.kind,
    baseUrl: provider.base_url,
    apiKey: "",
    removeKey: false,
    privateAllowed: provider.private_allowed,
    models: provider.models_pinned ? provider.models.join("\n") : "",
    vendor: provider.vendor,
    quirks: provider.quirks,
  };
}

/** The new provider that the form asks for. Without a vendor the address tells whose prices hold. */
export function wishOf(draft: Draft): ProviderWish {
  return {
    name: draft.name.trim(),
    kind: draft.kind,
    base_url: draft.baseUrl.trim(),
    api_key: draft.apiKey.trim(),
    models: modelsOf(draft),
    private_allowed: draft.privateAllowed,
    quirks: draft.quirks,
    ...(draft.vendor.trim() && { vendor: draft.vendor.trim() }),
  };
}

/** Only what differs from `provider`, so that an unchanged key or list stays as it is. */
export function changeOf(draft: Draft, provider: Provider, mayAllow: boolean): ProviderChange {
  const before = draftFrom(provider);
  const change: ProviderChange = {};
  if (draft.baseUrl.trim() !== before.baseUrl) change.base_url = draft.baseUrl.trim();
  if (draft.apiKey.trim()) change.api_key = draft.apiKey.trim();
  else if (draft.removeKey) change.api_key = "";
  if (draft.models !== before.models) change.models = modelsOf(draft);
  const asked = draft.privateAllowed !== before.privateAllowed || change.base_url !== undefined;
  if (mayAllow && asked) {
    change.private_allowed = draft.privateAllowed;
  }
  if (draft.vendor.trim() !== before.vendor) change.vendor = draft.vendor.trim();
  if (JSON.stringify(draft.quirks) !== JSON.stringify(before.quirks)) change.quirks = draft.quirks;
  return change;
}

/** Whether an address looks like one of this machine or network; the server judges it anyway. */
export function looksPrivate(baseUrl: string): boolean {
  const host = /^https?:\/\/(\[[^\]]*\]|[^/:]+)/.exec(baseUrl.trim())?.[1] ?? "";
  return /^(localhost|127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[::1\]|\[f[cd])|\.(local|internal|localhost)$/.test(
    host,
  );
}

function modelsOf(draft: Draft): string[] {
  return [...new Set(draft.models.split(/[\s,]+/).filter(Boolean))];
}
