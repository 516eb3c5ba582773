"""`/api/v1/projects/{project_id}/keys`: virtual keys."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, Role
from penstock.features.identity.http.access import RouteGuards
from penstock.features.identity.model import ApiKey, Attributes
from penstock.features.identity.service.keys import IssuedKey, KeyService, NewKey
from penstock.infra.web.moments import Moment, moment_of, unix_ms
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of
from penstock.infra.web.schemas import Label, Name, RequestBody

GivenRole = Literal["viewer", "editor", "admin"]


class KeyAttributes(RequestBody):
    """Attributes that the key sets on each of its calls; they override the call's headers."""

    team: Label = ""
    user: Label = ""
    use_case: Label = ""
    environment: Label = ""
    segment: Label = ""

    def value(self) -> Attributes:
        return Attributes(**self.model_dump())


class KeyRequest(RequestBody):
    """A new key. Without `role` it may only call models; with one it may also use the REST API like
    a member of that role. Without `allowed_models` it may call all models; patterns such as
    `provider/*` are allowed."""

    name: Name
    role: GivenRole | None = None
    allowed_models: Annotated[list[Label], Field(max_length=200, default_factory=list[str])]
    attributes: KeyAttributes = KeyAttributes()
    expires_at: Moment | None = None

    def expires_ms(self) -> int | None:
        return unix_ms(self.expires_at) if self.expires_at else None


class KeyRotationRequest(RequestBody):
    """`overlap_s`: how long the old secret stays valid in seconds; 0 ends it immediately."""

    overlap_s: Annotated[int, Field(ge=0, le=30 * 24 * 3600)] = 24 * 3600


class KeyView(BaseModel):
    """A key. `role` is null if it may only call models. `prefix` identifies the key for users; the
    secret itself is not stored."""

    id: str
    name: str
    prefix: str
    role: Role | None
    allowed_models: list[str]
    attributes: KeyAttributes
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> "KeyView":
        return cls(
            id=key.id,
            name=key.name,
            prefix=key.prefix,
            role=key.role,
            allowed_models=list(key.allowed_models),
            attributes=KeyAttributes(**asdict(key.attributes)),
            created_at=moment_of(key.created_ms),
            expires_at=moment_of(key.expires_ms) if key.expires_ms is not None else None,
            revoked_at=moment_of(key.revoked_ms) if key.revoked_ms is not None else None,
        )


class IssuedKeyView(BaseModel):
    """A key with its new secret, which is returned only once."""

    key: KeyView
    secret: str


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
