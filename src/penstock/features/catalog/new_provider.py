"""The provider that a request describes: checked, with the defaults of its vendor. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from penstock.features.catalog.model import (
    NewProvider,
    Provider,
    ProviderChange,
    check_base_url,
    check_name,
)
from penstock.features.catalog.vendors import Vendors
from penstock.kernel.errors import InvalidRequest
from penstock.spi.chat import Vendor

_MOST_MODELS: Final = 10_000
_LONGEST_MODEL: Final = 200
_LIMITS: Final = ("max_concurrency", "max_queue", "queue_timeout_ms")


def provider_of(
    project_id: str, new: NewProvider, vendors: Vendors, kinds: Collection[str]
) -> Provider:
    """Returns the provider without its secret. `kinds` are the installed plugins. Raises
    `InvalidRequest` if its name, base URL, kind or vendor is not valid."""
    vendor = vendors.find(new.name, new.vendor)
    base_url = check_base_url(
        new.base_url or _default_base_url(vendor, new.name),
        private_allowed=new.private_allowed,
        secret=bool(new.secret),
    )
    return Provider(
        project_id=project_id,
        name=check_name(new.name),
        kind=_check_kind(new.kind or vendor.kind, kinds),
        base_url=base_url,
        models=clean_models(new.models),
        models_pinned=bool(new.models),
        private_allowed=new.private_allowed,
        quirks=merged_quirks(vendor, new.quirks),
        vendor=vendors.price_list(new.vendor, base_url),
        max_concurrency=new.max_concurrency,
        max_queue=new.max_queue,
        queue_timeout_ms=new.queue_timeout_ms,
    )


def with_limits(provider: Provider, change: ProviderChange) -> Provider:
    """Returns the provider with the changed limits of calls at once."""
    changed: dict[str, int] = {
        name: value for name in _LIMITS if (value := getattr(change, name)) is not None
    }
    return replace(provider, **changed)


def merged_quirks(vendor: Vendor, own: Mapping[str, str]) -> dict[str, str]:
    """Returns the quirks of a vendor with a provider's own ones, which win. An empty value removes
    the vendor's."""
    return {name: value for name, value in {**vendor.quirks, **own}.items() if value}


def clean_models(models: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the model ids sorted and unique, without those that no request could name."""
    usable = {m for m in models if 0 < len(m) <= _LONGEST_MODEL and m.isprintable()}
    return tuple(sorted(usable)[:_MOST_MODELS])


def _check_kind(kind: str, kinds: Collection[str]) -> str:
    if kind not in kinds:
        raise InvalidRequest(
            f"No plugin is installed for providers of kind {kind!r}.",
            hint=f"Installed kinds: {', '.join(kinds)}.",
            param="kind",
        )
    return kind


def _default_base_url(vendor: Vendor, name: str) -> str:
    if not vendor.base_url:
        known = "each customer has an address" if vendor.label else "no vendor has that name"
        raise InvalidRequest(
            f"The provider {name!r} needs a base URL: {known}.",
            hint="Set its base URL or its vendor.",
            param="base_url",
        )
    return vendor.base_url
