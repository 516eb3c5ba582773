"""Request and response bodies of the catalog. Prices are decimal strings, times RFC 3339."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field, SecretStr

from penstock.features.catalog.model import (
    NewProvider,
    Provider,
    ProviderChange,
    ProviderCheck,
)
from penstock.features.catalog.service.prices import NewPrice
from penstock.infra.web.moments import Moment, moment_of, unix_ms
from penstock.infra.web.schemas import RequestBody
from penstock.rules.price import MTOK, PriceOverride, Tier, UnitPrice
from penstock.spi.chat import Vendor

Models = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=2000)
]
Quirks = Annotated[dict[str, Annotated[str, Field(max_length=200)]], Field(max_length=20)]
Url = Annotated[str, Field(max_length=500)]
Secret = Annotated[SecretStr, Field(max_length=4000)]
MOST_TOKENS: Final = 10**12  # of a call, for the tiers of a price
OwnUnit = Literal[
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
    "requests",
]


class ProviderRequest(RequestBody):
    """A new provider. `models` pins its models; without it, the provider's own list is used.
    `vendor` (default: the name) may be one of `…/providers/vendors`: then `base_url` and `kind` are
    optional, the vendor's quirks are the defaults, and its public prices apply. Otherwise `vendor`
    names a public price list (empty: none); by default it is found by the base URL.
    `private_allowed`: the host may be a private address; only instance admins may set it."""

    name: Annotated[str, Field(max_length=63)]
    base_url: Url = ""
    kind: Annotated[str, Field(max_length=63)] = ""
    api_key: Secret = SecretStr("")
    models: Models = Field(default_factory=list[str])
    private_allowed: bool = False
    quirks: Quirks = Field(default_factory=dict[str, str])
    vendor: Annotated[str, Field(max_length=63)] | None = None

    def value(self) -> NewProvider:
        return NewProvider(
            name=self.name,
            base_url=self.base_url,
            kind=self.kind,
            secret=self.api_key.get_secret_value(),
            models=tuple(self.models),
            private_allowed=self.private_allowed,
            quirks=self.quirks,
            vendor=self.vendor,
        )


class ProviderChangeRequest(RequestBody):
    """Changes of a provider. An empty `api_key` removes it, an empty list of models unpins them. A
    new scheme, host or port needs `api_key` and `private_allowed` again; only instance admins may
    set the latter. A predefined `vendor` adds its quirks."""

    base_url: Url | None = None
    api_key: Secret | None = None
    models: Models | None = None
    private_allowed: bool | None = None
    quirks: Quirks | None = None
    vendor: Annotated[str, Field(max_length=63)] | None = None

    def change(self) -> ProviderChange:
        return ProviderChange(
            base_url=self.base_url,
            secret=None if self.api_key is None else self.api_key.get_secret_value(),
            models=None if self.models is None else tuple(self.models),
            private_allowed=self.private_allowed,
            quirks=self.quirks,
            vendor=self.vendor,
        )


class ProviderView(BaseModel):
    """A provider. `api_key_hint` identifies its API key; the key itself is never returned."""

    name: str
    kind: str
    base_url: str
    models: list[str]
    models_pinned: bool
    private_allowed: bool
    quirks: dict[str, str]
    vendor: str
    found: bool
    api_key_hint: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, provider: Provider) -> "ProviderView":
        return cls(
            name=provider.name,
            kind=provider.kind,
            base_url=provider.base_url,
            models=list(provider.models),
            models_pinned=provider.models_pinned,
            private_allowed=provider.private_allowed,
            quirks=dict(provider.quirks),
            vendor=provider.vendor,
            found=provider.found,
            api_key_hint=provider.secret_hint,
            created_at=moment_of(provider.created_ms),
            updated_at=moment_of(provider.updated_ms),
        )


class VendorView(BaseModel):
    """A predefined vendor. `api_key_env` is the environment variable that usually holds its API
    key; empty if it usually needs none."""

    name: str
    label: str
    kind: str
    base_url: str
    api_key_env: str
    quirks: dict[str, str]

    @classmethod
    def of(cls, name: str, vendor: Vendor) -> "VendorView":
        return cls(
            name=name,
            label=vendor.label,
            kind=vendor.kind,
            base_url=vendor.base_url,
            api_key_env=vendor.api_key_env,
            quirks=dict(vendor.quirks),
        )


class CheckView(BaseModel):
    """The result of a connection test. `problem` says what failed and what to do."""

    ok: bool
    latency_ms: float
    models: list[str]
    problem: str

    @classmethod
    def of(cls, check: ProviderCheck) -> "CheckView":
        return cls(
            ok=check.ok,
            latency_ms=check.latency_ms,
            models=list(check.models),
            problem=check.problem,
        )


class TierBody(RequestBody):
    """The price of all units of a call whose input has more than `above` tokens."""

    above: Annotated[int, Field(ge=0, le=MOST_TOKENS)]
    price: Decimal


class UnitPriceBody(RequestBody):
    """A price in USD for `per` units (default: a million)."""

    unit: OwnUnit
    price: Decimal
    per: Annotated[int, Field(ge=1, le=MTOK)] = MTOK
    tiers: Annotated[list[TierBody], Field(max_length=10, default_factory=list[TierBody])]

    def value(self) -> UnitPrice:
        tiers = tuple(Tier(tier.above, tier.price) for tier in self.tiers)
        return UnitPrice(self.unit, self.price, self.per, tiers)


class PriceRequest(RequestBody):
    """An own price. `provider` and `model` are names or patterns (`*`, `llama-*`); `starts_at`
    defaults to now."""

    provider: Annotated[str, Field(max_length=200)] = "*"
    model: Annotated[str, Field(max_length=200)]
    prices: Annotated[list[UnitPriceBody], Field(min_length=1, max_length=8)]
    starts_at: Moment | None = None

    def value(self) -> NewPrice:
        from_ms = unix_ms(self.starts_at) if self.starts_at is not None else None
        prices = tuple(price.value() for price in self.prices)
        return NewPrice(self.provider, self.model, prices, from_ms)


class PriceView(BaseModel):
    """An own price."""

    id: str
    provider: str
    model: str
    prices: list[UnitPriceBody]
    starts_at: datetime

    @classmethod
    def of(cls, price: PriceOverride) -> "PriceView":
        return cls(
            id=price.id,
            provider=price.provider,
            model=price.model,
            prices=[UnitPriceBody.model_validate(_plain(p)) for p in price.prices],
            starts_at=moment_of(price.from_ms),
        )


def _plain(price: UnitPrice) -> dict[str, object]:
    tiers = [{"above": tier.above, "price": tier.price} for tier in price.tiers]
    return {"unit": price.unit, "price": price.price, "per": price.per, "tiers": tiers}
