import type { NewProvider, Provider, ProviderChange } from "@/features/providers/queries";
import type { Quirks } from "@/features/providers/quirks";
import type { Vendor } from "@/features/providers/vendors";
import { splitList } from "@/shared/forms/splitList";

type SentLimits = Partial<Record<"max_concurrency" | "max_queue" | "queue_timeout_ms", number>>;
type Limits = Pick<ProviderForm, "max_concurrency" | "max_queue" | "queue_timeout_s">;

/** The values of the form that edits a provider. */
export interface ProviderForm {
  base_url: string;
  api_key: string;
  remove_key: boolean;
  private_allowed: boolean;
  models: string;
  vendor: string;
  /** Those that are set, also if the form does not offer them; an empty one is not set. */
  quirks: Quirks;
  /** Calls at once, and what further ones do; empty for the defaults. */
  max_concurrency: string;
  max_queue: string;
  queue_timeout_s: string;
}

/** The values of the form that adds a provider. */
export interface NewProviderForm extends ProviderForm {
  name: string;
}

/** The API's parameters of the fields that have another name there. */
export const PROVIDER_PARAMS = {
  queue_timeout_s: "queue_timeout_ms",
};

const NO_LIMITS = { max_concurrency: "", max_queue: "", queue_timeout_s: "" };

/** The form for a vendor. `canAllowPrivate`: whether the user may allow private addresses. */
export function formForVendor(vendor: Vendor, canAllowPrivate: boolean): NewProviderForm {
  return {
    name: vendor.name,
    base_url: vendor.base_url,
    api_key: "",
    remove_key: false,
    private_allowed: canAllowPrivate && isPrivateAddress(vendor.base_url),
    models: "",
    vendor: "",
    quirks: vendor.quirks,
    ...NO_LIMITS,
  };
}

export function formForProvider(provider: Provider): ProviderForm {
  return {
    base_url: provider.base_url,
    api_key: "",
    remove_key: false,
    private_allowed: provider.private_allowed,
    models: provider.models_pinned ? provider.models.join("\n") : "",
    vendor: provider.vendor,
    quirks: provider.quirks,
    ...limitFields(provider),
  };
}

/** The request that adds the provider. Without a vendor the base URL determines the price list. */
export function toNewProvider(form: NewProviderForm, vendor: Vendor): NewProvider {
  return {
    name: form.name.trim(),
    kind: vendor.kind,
    base_url: form.base_url.trim(),
    api_key: form.api_key.trim(),
    models: splitList(form.models),
    private_allowed: form.private_allowed,
    quirks: trimmed(form.quirks),
    ...(form.vendor.trim() && { vendor: form.vendor.trim() }),
    ...newLimits(form),
  };
}

/** The fields that differ from `provider`, so that an unchanged key or list is kept. */
export function toProviderChange(
  form: ProviderForm,
  provider: Provider,
  canAllowPrivate: boolean,
): ProviderChange {
  const before = formForProvider(provider);
  const quirks = setQuirks(form.quirks);
  const change: ProviderChange = {};
  if (form.base_url.trim() !== before.base_url) change.base_url = form.base_url.trim();
  if (form.api_key.trim()) change.api_key = form.api_key.trim();
  else if (form.remove_key) change.api_key = "";
  if (form.models !== before.models) change.models = splitList(form.models);
  const mayDiffer = form.private_allowed !== before.private_allowed || "base_url" in change;
  if (canAllowPrivate && mayDiffer) change.private_allowed = form.private_allowed;
  if (form.vendor.trim() !== before.vendor) change.vendor = form.vendor.trim();
  if (!areSame(quirks, provider.quirks)) change.quirks = quirks;
  return { ...change, ...toLimits(form, before) };
}

/** Whether a URL has a private address. A hint for the form only: the server decides. */
export function isPrivateAddress(baseUrl: string): boolean {
  const host = /^https?:\/\/(\[[^\]]*\]|[^/:]+)/.exec(baseUrl.trim())?.[1] ?? "";
  return /^(localhost|127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[::1\]|\[f[cd])|\.(local|internal|localhost)$/.test(
    host,
  );
}

function limitFields(provider: Provider): Limits {
  return {
    max_concurrency: provider.max_concurrency === 0 ? "" : String(provider.max_concurrency),
    max_queue: String(provider.max_queue),
    queue_timeout_s: String(provider.queue_timeout_ms / 1000),
  };
}

/** The limits of calls at once of a new provider: the server's defaults where the form is empty. */
function newLimits(form: Limits) {
  return {
    max_concurrency: Number(form.max_concurrency),
    max_queue: form.max_queue === "" ? 16 : Number(form.max_queue),
    queue_timeout_ms: form.queue_timeout_s === "" ? 5000 : toMilliseconds(form.queue_timeout_s),
  };
}

function toMilliseconds(seconds: string): number {
  return Math.round(Number(seconds) * 1000);
}

/** The limits of calls at once that differ from those `before`. No number of calls is no limit. */
function toLimits(form: Limits, before: Limits): SentLimits {
  const change: SentLimits = {};
  if (form.max_concurrency !== before.max_concurrency)
    change.max_concurrency = Number(form.max_concurrency);
  if (form.max_queue !== before.max_queue) change.max_queue = Number(form.max_queue);
  if (form.queue_timeout_s !== before.queue_timeout_s)
    change.queue_timeout_ms = toMilliseconds(form.queue_timeout_s);
  return change;
}

/** All quirks of the form. An empty one removes the vendor's from a new provider. */
function trimmed(quirks: Quirks): Quirks {
  return Object.fromEntries(Object.entries(quirks).map(([name, value]) => [name, value.trim()]));
}

function setQuirks(quirks: Quirks): Quirks {
  return Object.fromEntries(Object.entries(trimmed(quirks)).filter(([, value]) => value !== ""));
}

function areSame(one: Quirks, other: Quirks): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => one[name] === other[name]);
}
