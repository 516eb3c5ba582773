"""`/api/v1/projects/{project_id}/client-tokens`: client tokens that are revoked."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from penstock.features.access import Access, Permission
from penstock.features.identity.http.access import RouteGuards
from penstock.features.identity.service.client_tokens import ClientTokenService
from penstock.features.identity.store.client_tokens import RevokedToken
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Page


class RevokedTokenView(BaseModel):
    """A revoked client token. `forgotten_at`: it has expired by then for certain, and leaves the
    list."""

    id: str
    revoked_at: datetime
    forgotten_at: datetime

    @classmethod
    def of(cls, token: RevokedToken) -> "RevokedTokenView":
        return cls(
            id=token.id,
            revoked_at=moment_of(token.revoked_ms),
            forgotten_at=moment_of(token.expires_ms),
        )


def client_token_routes(guards: RouteGuards, tokens: ClientTokenService) -> APIRouter:
    """Returns the routes of revoked client tokens."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/client-tokens", tags=["keys"])
    may_read = Depends(guards.require(Permission.KEYS_READ))
    may_write = Depends(guards.require(Permission.KEYS_WRITE))

    @router.get("/revoked")
    def list_revoked(access: Annotated[Access, may_read]) -> Page[RevokedTokenView]:
        """Lists the client tokens that are revoked and may not have expired, oldest first."""
        found = tokens.list_revoked(access.project_id)
        return Page(items=[RevokedTokenView.of(each) for each in found])

    @router.put("/revoked/{token_id}")
    def revoke_client_token(
        access: Annotated[Access, may_write], token_id: Annotated[str, Path(max_length=64)]
    ) -> RevokedTokenView:
        """Revokes a client token by its id. It is rejected within a second; other tokens of its
        key stay valid."""
        revoked = tokens.revoke(access.principal, access.project_id, token_id)
        return RevokedTokenView.of(revoked)

    return router
