"""`/api/v1/projects/{project_id}/providers/{provider}/credentials`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.catalog.bodies import ComparisonRequest, CredentialRequest
from penstock.features.catalog.model import ProviderCredential
from penstock.features.catalog.service.credentials import CredentialService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Page


class ComparisonView(BaseModel):
    """The result: the credential exists and has this secret, or not."""

    same: bool


class CredentialView(BaseModel):
    """A credential. `default` is the provider's own API key. The key itself is never returned."""

    name: str
    api_key_hint: str
    created_at: datetime

    @classmethod
    def of(cls, credential: ProviderCredential) -> "CredentialView":
        return cls(
            name=credential.name,
            api_key_hint=credential.secret_hint,
            created_at=moment_of(credential.created_ms),
        )


def credential_routes(require: RequirePermission, credentials: CredentialService) -> APIRouter:
    """Returns the routes of credentials."""
    router = APIRouter(
        prefix="/api/v1/projects/{project_id}/providers/{provider}/credentials", tags=["providers"]
    )
    may_read = Depends(require(Permission.PROVIDERS_READ))
    may_write = Depends(require(Permission.PROVIDERS_WRITE))

    @router.get("")
    def list_credentials(
        access: Annotated[Access, may_read], provider: str
    ) -> Page[CredentialView]:
        """Lists the credentials of a provider, its own one (`default`) first."""
        found = credentials.list_all(access.project_id, provider)
        return Page(items=[CredentialView.of(one) for one in found])

    @router.post("", status_code=201)
    def add_credential(
        access: Annotated[Access, may_write], provider: str, body: CredentialRequest
    ) -> CredentialView:
        """Adds a credential and stores it encrypted. Gateways use the credentials of a provider in
        turn; one that the provider rejects or limits rests."""
        secret = body.api_key.get_secret_value()
        return CredentialView.of(
            credentials.add(access.principal, access.project_id, provider, body.name, secret)
        )

    @router.post("/{name}/compare")
    def compare_credential(
        access: Annotated[Access, may_write], provider: str, name: str, body: ComparisonRequest
    ) -> ComparisonView:
        """Returns whether a credential (`default`: the provider's own) is stored with this secret.
        So a repeated `penstock apply` changes nothing."""
        secret = body.api_key.get_secret_value()
        return ComparisonView(same=credentials.matches(access.project_id, provider, name, secret))

    @router.delete("/{name}", status_code=204)
    def remove_credential(access: Annotated[Access, may_write], provider: str, name: str) -> None:
        """Deletes a credential."""
        credentials.remove(access.principal, access.project_id, provider, name)

    return router
