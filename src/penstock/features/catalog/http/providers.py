"""`/api/v1/projects/{project_id}/providers`: the providers of a project."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.catalog.bodies import ProviderChangeRequest, ProviderRequest
from penstock.features.catalog.model import (
    Provider,
    ProviderCheck,
)
from penstock.features.catalog.service.probe import Prober
from penstock.features.catalog.service.providers import ProviderService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Page
from penstock.spi.chat import Vendor


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
    max_concurrency: int
    max_queue: int
    queue_timeout_ms: int
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
            max_concurrency=provider.max_concurrency,
            max_queue=provider.max_queue,
            queue_timeout_ms=provider.queue_timeout_ms,
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
        """Adds a provider and stores its API key encrypted. Then test the provider: the test stores
        the list of its models."""
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
