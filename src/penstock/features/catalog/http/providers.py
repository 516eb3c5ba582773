"""`/api/v1/projects/{project_id}/providers`: the providers of a project."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends

from penstock.features.catalog.http.schemas import (
    CheckView,
    ProviderChangeRequest,
    ProviderRequest,
    ProviderView,
    VendorView,
)
from penstock.features.catalog.service.probe import Prober
from penstock.features.catalog.service.providers import ProviderService
from penstock.features.identity.model import Access, Permission, RequirePermission
from penstock.infra.web.pages import Page
from penstock.spi.chat import Vendor


def provider_routes(
    require: RequirePermission,
    providers: ProviderService,
    prober: Prober,
    vendors: Mapping[str, Vendor],
) -> APIRouter:
    """Returns the routes of providers."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/providers", tags=["providers"])
    may_read = Depends(require(Permission.PROVIDERS_READ))
    may_write = Depends(require(Permission.PROVIDERS_WRITE))

    @router.get("")
    def list_providers(access: Annotated[Access, may_read]) -> Page[ProviderView]:
        """Lists the project's providers by name."""
        found = providers.list_all(access.project_id)
        return Page(items=[ProviderView.of(provider) for provider in found])

    @router.get("/vendors", dependencies=[may_read])
    def list_vendors() -> Page[VendorView]:
        """Lists predefined vendors and model servers. A provider with such a name or `vendor` needs
        no base URL and gets the vendor's quirks."""
        return Page(items=[VendorView.of(name, vendor) for name, vendor in vendors.items()])

    @router.post("", status_code=201)
    def add_provider(access: Annotated[Access, may_write], body: ProviderRequest) -> ProviderView:
        """Adds a provider. Its API key is stored encrypted. Test it next: the test stores its
        models."""
        return ProviderView.of(providers.add(access.principal, access.project_id, body.value()))

    @router.patch("/{name}")
    def change_provider(
        access: Annotated[Access, may_write], name: str, body: ProviderChangeRequest
    ) -> ProviderView:
        """Changes the given fields and keeps the others."""
        change = body.change()
        return ProviderView.of(providers.change(access.principal, access.project_id, name, change))

    @router.delete("/{name}", status_code=204)
    def remove_provider(access: Annotated[Access, may_write], name: str) -> None:
        """Deletes the provider and its API key."""
        providers.remove(access.principal, access.project_id, name)

    @router.post("/{name}/test")
    async def test_provider(access: Annotated[Access, may_write], name: str) -> CheckView:
        """Requests the provider's list of models, and stores it unless the models are pinned."""
        project_id = access.project_id
        provider = await asyncio.to_thread(providers.get, project_id, name)
        target = await asyncio.to_thread(providers.target, project_id, name)
        check = await prober.check(provider.kind, target, private_allowed=provider.private_allowed)
        if check.ok:
            await asyncio.to_thread(
                providers.update_models, access.principal, project_id, name, check.models
            )
        return CheckView.of(check)

    return router
