"""`/api/v1/projects/{project_id}/prices`: a project's own prices."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.catalog.own_price import NewPrice
from penstock.features.catalog.service.prices import PriceService
from penstock.infra.web.moments import Moment, moment_of, unix_ms
from penstock.infra.web.pages import Page
from penstock.infra.web.schemas import RequestBody
from penstock.rules.prices.price import MTOK, PriceOverride, Tier, UnitPrice

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
    prices: Annotated[list[UnitPriceBody], Field(min_length=1, max_length=14)]
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


def price_routes(require: RequirePermission, prices: PriceService) -> APIRouter:
    """Returns the routes of own prices."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/prices", tags=["prices"])
    may_read = Depends(require(Permission.PRICES_READ))
    may_write = Depends(require(Permission.PRICES_WRITE))

    @router.get("")
    def list_prices(access: Annotated[Access, may_read]) -> Page[PriceView]:
        """Lists the project's own prices, oldest first."""
        return Page(items=[PriceView.of(p) for p in prices.list_all(access.project_id)])

    @router.post("", status_code=201)
    def add_price(access: Annotated[Access, may_write], body: PriceRequest) -> PriceView:
        """Adds an own price. It overrides public prices."""
        return PriceView.of(prices.add(access.principal, access.project_id, body.value()))

    @router.put("/{price_id}")
    def replace_price(
        access: Annotated[Access, may_write], price_id: str, body: PriceRequest
    ) -> PriceView:
        """Replaces a price for calls from now on."""
        return PriceView.of(
            prices.replace(access.principal, access.project_id, price_id, body.value())
        )

    @router.delete("/{price_id}", status_code=204)
    def remove_price(access: Annotated[Access, may_write], price_id: str) -> None:
        """Removes a price. The next matching price applies from now on."""
        prices.remove(access.principal, access.project_id, price_id)

    return router
