"""`/api/v1/projects/{project_id}/prices`: a project's own prices."""

from typing import Annotated

from fastapi import APIRouter, Depends

from penstock.features.catalog.http.schemas import PriceRequest, PriceView
from penstock.features.catalog.service.prices import PriceService
from penstock.features.identity.model import Access, Permission, RequirePermission
from penstock.infra.web.pages import Page


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
