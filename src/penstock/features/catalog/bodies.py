"""Requests about providers, their credentials, and prices."""

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr

from penstock.features.catalog.model import (
    LONGEST_QUEUE_MS,
    MAX_CONCURRENCY,
    MAX_QUEUE,
    NewProvider,
    ProviderChange,
)
from penstock.features.catalog.own_price import NewPrice
from penstock.infra.web.moments import Moment, unix_ms
from penstock.infra.web.schemas import RequestBody
from penstock.rules.prices.price import MTOK, Tier, UnitPrice
from penstock.rules.snapshot.providers import DEFAULT_QUEUE, DEFAULT_QUEUE_TIMEOUT_MS

Models = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=2000)
]
Quirks = Annotated[dict[str, Annotated[str, Field(max_length=200)]], Field(max_length=20)]
Url = Annotated[str, Field(max_length=500)]
Secret = Annotated[SecretStr, Field(max_length=4000)]
Concurrency = Annotated[int, Field(ge=0, le=MAX_CONCURRENCY)]
QueueLength = Annotated[int, Field(ge=0, le=MAX_QUEUE)]
QueueTime = Annotated[int, Field(ge=0, le=LONGEST_QUEUE_MS)]


class ProviderRequest(RequestBody):
    """A new provider. `models` pins its models; without it, the provider's own list is used.
    `vendor` (default: the name) may be one of `…/providers/vendors`: then `base_url` and `kind` are
    optional, the vendor's quirks are the defaults, and its public prices apply. Otherwise `vendor`
    names a public price list (empty: none); by default it is found by the base URL.
    `private_allowed`: the host may be a private address; only instance admins may set it.
    `max_concurrency` limits its calls at once (0: no limit): further ones wait, at most `max_queue`
    in each gateway worker and for `queue_timeout_ms`."""

    name: Annotated[str, Field(max_length=63)]
    base_url: Url = ""
    kind: Annotated[str, Field(max_length=63)] = ""
    api_key: Secret = SecretStr("")
    models: Models = Field(default_factory=list[str])
    private_allowed: bool = False
    quirks: Quirks = Field(default_factory=dict[str, str])
    vendor: Annotated[str, Field(max_length=63)] | None = None
    max_concurrency: Concurrency = 0
    max_queue: QueueLength = DEFAULT_QUEUE
    queue_timeout_ms: QueueTime = DEFAULT_QUEUE_TIMEOUT_MS

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
            max_concurrency=self.max_concurrency,
            max_queue=self.max_queue,
            queue_timeout_ms=self.queue_timeout_ms,
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
    max_concurrency: Concurrency | None = None
    max_queue: QueueLength | None = None
    queue_timeout_ms: QueueTime | None = None

    def change(self) -> ProviderChange:
        return ProviderChange(
            base_url=self.base_url,
            secret=None if self.api_key is None else self.api_key.get_secret_value(),
            models=None if self.models is None else tuple(self.models),
            private_allowed=self.private_allowed,
            quirks=self.quirks,
            vendor=self.vendor,
            max_concurrency=self.max_concurrency,
            max_queue=self.max_queue,
            queue_timeout_ms=self.queue_timeout_ms,
        )


class CredentialRequest(RequestBody):
    """A further credential of a provider: an API key, or the content of a key file (JSON)."""

    name: Annotated[str, Field(max_length=63)]
    api_key: Annotated[SecretStr, Field(min_length=1, max_length=4000)]


class ComparisonRequest(RequestBody):
    """A secret to compare with the stored one."""

    api_key: Annotated[SecretStr, Field(min_length=1, max_length=4000)]


MOST_TOKENS: Final = 10**12  # of a call, for the tiers of a price
OwnUnit = Literal[
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
    "cache_write_1h_tokens",
    "input_image_tokens",
    "output_image_tokens",
    "web_searches",
    "input_audio_seconds",
    "rerank_searches",
    "requests",
    "cache_audio_read_tokens",
    "cache_image_read_tokens",
    "input_characters",
]


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
    prices: Annotated[list[UnitPriceBody], Field(min_length=1, max_length=17)]
    starts_at: Moment | None = None

    def value(self) -> NewPrice:
        from_ms = unix_ms(self.starts_at) if self.starts_at is not None else None
        prices = tuple(price.value() for price in self.prices)
        return NewPrice(self.provider, self.model, prices, from_ms)
