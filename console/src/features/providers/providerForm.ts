import type { Provider, ProviderChange, NewProvider } from "@/features/providers/queries";
import type { Vendor } from "@/features/providers/vendors";

/** The values of the provider form. */
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

/** The form for a vendor. `canAllowPrivate`: whether the user may allow private addresses. */
export function draftForVendor(vendor: Vendor, canAllowPrivate: boolean): Draft {
  return {
    name: vendor.name,
    kind: vendor.kind,
    baseUrl: vendor.base_url,
    apiKey: "",
    removeKey: false,
    privateAllowed: canAllowPrivate && isPrivateAddress(vendor.base_url),
    models: "",
    vendor: "",
    quirks: vendor.quirks,
  };
}

export function draftForProvider(provider: Provider): Draft {
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

/** The request that adds the provider. Without a vendor the base URL determines the price list. */
export function toNewProvider(draft: Draft): NewProvider {
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

/** The fields that differ from `provider`, so that an unchanged key or list is kept. */
export function toProviderChange(
  draft: Draft,
  provider: Provider,
  canAllowPrivate: boolean,
): ProviderChange {
  const before = draftForProvider(provider);
  const change: ProviderChange = {};
  if (draft.baseUrl.trim() !== before.baseUrl) change.base_url = draft.baseUrl.trim();
  if (draft.apiKey.trim()) change.api_key = draft.apiKey.trim();
  else if (draft.removeKey) change.api_key = "";
  if (draft.models !== before.models) change.models = modelsOf(draft);
  const asked = draft.privateAllowed !== before.privateAllowed || change.base_url !== undefined;
  if (canAllowPrivate && asked) {
    change.private_allowed = draft.privateAllowed;
  }
  if (draft.vendor.trim() !== before.vendor) change.vendor = draft.vendor.trim();
  if (JSON.stringify(draft.quirks) !== JSON.stringify(before.quirks)) change.quirks = draft.quirks;
  return change;
}

/** Whether a URL has a private address. A hint for the form only: the server decides. */
export function isPrivateAddress(baseUrl: string): boolean {
  const host = /^https?:\/\/(\[[^\]]*\]|[^/:]+)/.exec(baseUrl.trim())?.[1] ?? "";
  return /^(localhost|127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[::1\]|\[f[cd])|\.(local|internal|localhost)$/.test(
    host,
  );
}

function modelsOf(draft: Draft): string[] {
  return [...new Set(draft.models.split(/[\s,]+/).filter(Boolean))];
}
