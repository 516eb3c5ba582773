"""`/api/v1/projects/{project_id}/keys`: virtual keys."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel

from penstock.features.access import Access, KeyScope, Permission, Role
from penstock.features.identity.http.access import RouteGuards
from penstock.features.identity.model import ApiKey
from penstock.features.identity.service.keys import HashedKey, IssuedKey, KeyService, NewKey
from penstock.infra.web.moments import Moment, moment_of, unix_ms
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of
from penstock.infra.web.schemas import Label, Name, RequestBody
from penstock.rules.attributes import KEY_ATTRIBUTES
from penstock.rules.tags import KEY_PATTERN, MAX_TAGS, MAX_VALUE_CHARS, RESERVED, is_reserved


def _unreserved(tags: dict[str, str]) -> dict[str, str]:
    if any(map(is_reserved, tags)):
        raise ValueError(f"should have no key that begins with {RESERVED}: the gateway sets those")
    return tags


Tags = Annotated[
    dict[
        Annotated[str, Field(pattern=f"^{KEY_PATTERN}$")],
        Annotated[str, Field(min_length=1, max_length=MAX_VALUE_CHARS)],
    ],
    AfterValidator(_unreserved),
    Field(max_length=MAX_TAGS, description="Free pairs of key and value on each of its calls."),
]
GivenRole = Literal["viewer", "editor", "admin"]
GivenPriority = Literal["low", "normal", "high"]
_NAMES: Final = frozenset(each.name for each in KEY_ATTRIBUTES)


def _describe_attributes(schema: dict[str, Any]) -> None:
    properties = {
        each.name: {"default": "", "maxLength": 200, "title": each.title, "type": "string"}
        for each in KEY_ATTRIBUTES
    }
    schema.update(additionalProperties=False, properties=properties)
    schema.pop("propertyNames", None)


def _known(name: str) -> str:
    if name not in _NAMES:
        raise ValueError("is not an attribute of keys")
    return name


class KeyAttributes(RootModel[dict[Annotated[str, AfterValidator(_known)], Label]]):
    """Attributes that the key sets on each of its calls; they override the call's headers."""

    model_config = ConfigDict(json_schema_extra=_describe_attributes)

    @classmethod
    def of(cls, attributes: Mapping[str, str]) -> "KeyAttributes":
        return cls({each.name: attributes.get(each.name, "") for each in KEY_ATTRIBUTES})


class KeyRequest(RequestBody):
    """A new key. Without `role` it may only call models; with one it may also use the REST API like
    a member of that role. With `scopes` (and no role) it may do just these. Without
    `allowed_models` it may call all models; patterns such as `provider/*` are allowed. `priority`:
    where calls wait for a provider, higher ones are served first; a call may ask for a lower one
    than its key's. `strict_hints`: hints that the provider's format does not have (`seed`, `user`,
    `store` …) are rejected; else they are left out and named."""

    name: Name
    role: GivenRole | None = None
    scopes: Annotated[
        list[KeyScope], Field(max_length=len(KeyScope), default_factory=list[KeyScope])
    ]
    allowed_models: Annotated[list[Label], Field(max_length=200, default_factory=list[str])]
    attributes: KeyAttributes = KeyAttributes.of({})
    tags: Tags = Field(default_factory=dict[str, str])
    expires_at: Moment | None = None
    priority: GivenPriority = "normal"
    strict_hints: bool = False

    def expires_ms(self) -> int | None:
        return unix_ms(self.expires_at) if self.expires_at else None


class HashedKeyBody(RequestBody):
    """A key of another product by the SHA-256 of its secret, in hex. It may only call models.
    `prefix` identifies it for users, such as `sk-…abcd`."""

    name: Name
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    prefix: Annotated[str, Field(max_length=20)] = ""
    allowed_models: Annotated[list[Label], Field(max_length=200, default_factory=list[str])]
    attributes: KeyAttributes = KeyAttributes.of({})
    tags: Tags = Field(default_factory=dict[str, str])
    expires_at: Moment | None = None

    def value(self) -> HashedKey:
        new = NewKey(
            name=self.name,
            allowed_models=tuple(self.allowed_models),
            attributes=KeyAttributes.of(self.attributes.root).root,
            tags=self.tags,
            expires_ms=unix_ms(self.expires_at) if self.expires_at else None,
        )
        return HashedKey(new, self.sha256, self.prefix)


class HashedKeysBody(RequestBody):
    """Keys to import."""

    keys: Annotated[list[HashedKeyBody], Field(min_length=1, max_length=500)]


class KeyRotationRequest(RequestBody):
    """`overlap_s`: how long the old secret stays valid in seconds; 0 ends it immediately."""

    overlap_s: Annotated[int, Field(ge=0, le=30 * 24 * 3600)] = 24 * 3600


class KeyView(BaseModel):
    """A key. Without a role and scopes it may only call models. `prefix` identifies the key for
    users; the secret itself is not stored."""

    id: str
    name: str
    prefix: str
    role: Role | None
    scopes: list[KeyScope]
    allowed_models: list[str]
    attributes: KeyAttributes
    tags: dict[str, str]
    priority: str
    strict_hints: bool
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
            scopes=list(key.scopes),
            allowed_models=list(key.allowed_models),
            attributes=KeyAttributes.of(key.attributes),
            tags=dict(key.tags),
            priority=key.priority,
            strict_hints=key.strict_hints,
            created_at=moment_of(key.created_ms),
            expires_at=moment_of(key.expires_ms) if key.expires_ms is not None else None,
            revoked_at=moment_of(key.revoked_ms) if key.revoked_ms is not None else None,
        )


class ImportedKeyView(BaseModel):
    """The result for one key: null if it exists already."""

    key: KeyView | None


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

    @router.post("/import")
    def import_keys(
        access: Annotated[Access, may_write], body: HashedKeysBody
    ) -> Page[ImportedKeyView]:
        """Imports keys of another product by their hashes, so that they work with their old
        secrets (instance admins only). One result for each, in their order; all or none are
        imported."""
        hashed = [each.value() for each in body.keys]
        added = keys.import_hashed(access.principal, access.project_id, hashed)
        return Page(items=[ImportedKeyView(key=KeyView.of(key) if key else None) for key in added])

    @router.post("", status_code=201)
    def create_key(access: Annotated[Access, may_write], body: KeyRequest) -> IssuedKeyView:
        """Creates a key. Its secret is returned only once."""
        wanted = NewKey(
            name=body.name,
            role=Role(body.role) if body.role else None,
            scopes=tuple(dict.fromkeys(body.scopes)),
            allowed_models=tuple(body.allowed_models),
            attributes=KeyAttributes.of(body.attributes.root).root,
            tags=body.tags,
            expires_ms=body.expires_ms(),
            priority=body.priority,
            strict_hints=body.strict_hints,
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
