"""`/api/v1/projects/{project_id}/providers`: the providers of a project."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, SecretStr

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.catalog.model import (
    LONGEST_QUEUE_MS,
    MAX_CONCURRENCY,
    MAX_QUEUE,
    NewProvider,
    Provider,
    ProviderChange,
    ProviderCheck,
)
from penstock.features.catalog.service.probe import Prober
from penstock.features.catalog.service.providers import ProviderService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Page
from penstock.infra.web.schemas import RequestBody
from penstock.rules.snapshot.providers import DEFAULT_QUEUE, DEFAULT_QUEUE_TIMEOUT_MS
from penstock.spi.chat import Vendor

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
