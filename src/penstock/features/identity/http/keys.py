"""`/api/v1/projects/{project_id}/keys`: virtual keys."""

from typing import Annotated

from fastapi import APIRouter, Depends

from penstock.features.identity.http.access import RouteGuards
from penstock.features.identity.http.schemas import (
    IssuedKeyView,
    KeyRequest,
    KeyRotationRequest,
    KeyView,
)
from penstock.features.identity.model import Access, Permission, Role
from penstock.features.identity.service.keys import IssuedKey, KeyService, NewKey
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of


def key_routes(guards: RouteGuards, keys: KeyService) -> APIRouter:
    """Returns the routes of virtual keys."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/keys", tags=["keys"])
    may_read = Depends(guards.require(Permission.KEYS_READ))
    may_write = Depends(guards.require(Permission.KEYS_WRITE))

    @router.get("")
    def list_keys(
        access: Annotated[Access, may_read], limit: Limit = 100, cursor: Cursor = ""
    ) -> Page[KeyView]:
        """Lists the project's keys, oldest first, including revoked ones."""
        found = keys.list_page(access.project_id, decode_cursor(cursor), limit + 1)
        return page_of(found, limit, KeyView.of, lambda key: key.id)

    @router.post("", status_code=201)
    def create_key(access: Annotated[Access, may_write], body: KeyRequest) -> IssuedKeyView:
        """Creates a key. Its secret is returned only once."""
        wanted = NewKey(
            name=body.name,
            role=Role(body.role) if body.role else None,
            allowed_models=tuple(body.allowed_models),
            attributes=body.attributes.value(),
            expires_ms=body.expires_ms(),
        )
        return _issued(keys.create(access.principal, access.project_id, wanted))

    @router.post("/{key_id}/rotate")
    def rotate_key(
        access: Annotated[Access, may_write], key_id: str, body: KeyRotationRequest
    ) -> IssuedKeyView:
        """Creates a new secret, valid immediately. The old one stays valid for the overlap."""
        overlap_ms = body.overlap_s * 1000
        return _issued(keys.rotate(access.principal, access.project_id, key_id, overlap_ms))

    @router.delete("/{key_id}")
    def revoke_key(access: Annotated[Access, may_write], key_id: str) -> KeyView:
        """Revokes a key immediately. This cannot be reversed."""
        return KeyView.of(keys.revoke(access.principal, access.project_id, key_id))

    return router


def _issued(new: IssuedKey) -> IssuedKeyView:
    return IssuedKeyView(key=KeyView.of(new.key), secret=new.secret)
