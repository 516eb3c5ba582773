"""`/api/v1/projects/{project_id}/prices`: a project's own prices."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.catalog.bodies import PriceRequest, UnitPriceBody
from penstock.features.catalog.service.prices import PriceService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Page
from penstock.rules.prices.price import PriceOverride, UnitPrice


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
