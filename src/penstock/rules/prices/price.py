"""Price documents in a snapshot: prices with the times from which they apply.

Section `prices/<vendor>` holds a public price list, `<project_id>/prices` a project's own prices,
which win. `price_book` finds the price of a model, `price_charge` applies it.
"""

from decimal import Decimal
from typing import Final, Literal

from penstock.rules.document import Document

# Units with a price: fields of `call.Usage`, and `requests`, which is one per call.
Unit = Literal[
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
    "input_characters",
    "requests",
    "cache_audio_read_tokens",
    "cache_image_read_tokens",
]
ClauseOp = Literal["equals", "starts_with", "ends_with", "contains", "regex", "or", "and"]
MTOK: Final = 1_000_000


class Tier(Document, frozen=True):
    """The price of *all* units of a call whose input has more than `above` tokens."""

    above: int
    price: Decimal


class UnitPrice(Document, frozen=True):
    """USD for `per` units."""

    unit: Unit
    price: Decimal
    per: int = MTOK
    tiers: tuple[Tier, ...] = ()  # ascending


class PricePeriod(Document, frozen=True):
    """Prices and their validity: from a moment on, or daily between two seconds of the UTC day.

    No prices: free. `None`: priced in units that a call does not count, so unpriced.
    """

    prices: tuple[UnitPrice, ...] | None
    from_ms: int | None = None
    daily_s: tuple[int, int] | None = None  # [from, until); until < from spans midnight


class PriceVariant(Document, frozen=True):
    """Prices that replace the standard ones of the same unit for calls that match `when`."""

    when: dict[str, str]
    period: PricePeriod


class Clause(Document, frozen=True):
    """A test on a lower-case model id: `value` for the plain operations, `of` for `or`, `and`."""

    op: ClauseOp
    value: str = ""
    of: tuple["Clause", ...] = ()


class ModelPrices(Document, frozen=True):
    """One model of a price list. The last period that is valid applies, else the first one."""

    id: str
    match: Clause
    periods: tuple[PricePeriod, ...]
    variants: tuple[PriceVariant, ...] = ()


class VendorPrices(Document, frozen=True):
    """`prices/<vendor>`: a public price list; the first model that matches applies.

    `fallbacks` are the vendors whose lists are searched next (Azure sells OpenAI's models).
    """

    vendor: str
    models: tuple[ModelPrices, ...] = ()
    fallbacks: tuple[str, ...] = ()


class PriceOverride(Document, frozen=True):
    """A project's own price: negotiated, or the running cost of its own machines.

    `provider` and `model` are names or shell patterns (`*`, `llama-*`).
    """

    id: str
    provider: str
    model: str
    prices: tuple[UnitPrice, ...]
    from_ms: int = 0


class OverridesSection(Document, frozen=True):
    """`<project_id>/prices`."""

    project_id: str
    overrides: tuple[PriceOverride, ...] = ()
