"""Virtual keys: created, rotated with an overlap, revoked. Secrets are returned only once and are
never stored."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from penstock.features.access import KeyScope, Principal, Role
from penstock.features.context import Context
from penstock.features.identity.model import ApiKey, KeySecret
from penstock.features.identity.store import keys
from penstock.infra.crypto import hashed_key_digest, keyed_digest
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound

_PREFIX_LENGTH: Final = 9


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to create. Without a role and scopes it may only call models; without `allowed_models`
    it may call all. `expires_ms`: Unix milliseconds."""

    name: str
    role: Role | None = None
    allowed_models: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    expires_ms: int | None = None
    instance_admin: bool = False
    scopes: tuple[KeyScope, ...] = ()
    priority: str = "normal"
    strict_hints: bool = False


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key with its new secret, which cannot be read again."""

    key: ApiKey
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HashedKey:
    """A key of another product, of which only the SHA-256 (in hex) is known. `prefix` identifies
    it for users."""

    new: NewKey
    sha256: str = field(repr=False)
    prefix: str = ""


class KeyService:
    """Use cases of keys. `pepper` keys the digests of secrets."""

    def __init__(
        self,
        context: Context,
        pepper: bytes,
    ) -> None:
        self._context = context
        self._pepper = pepper

    def list_page(self, project_id: str, after_id: str, limit: int) -> list[ApiKey]:
        """Returns keys of a project, oldest first, including revoked ones."""
        with self._context.database.read() as connection:
            return keys.list_by_project(connection, project_id, after_id, limit)

    def create(self, actor: Principal, project_id: str, new: NewKey) -> IssuedKey:
        """Creates a key. Raises `Forbidden` if its role is above the actor's own, or owner;
        `InvalidRequest` for a role and scopes together."""
        role = new.role
        if role and new.scopes:
            raise InvalidRequest(
                "A key has a role or scopes, not both.",
                hint="A role includes them: leave out the scopes.",
                param="scopes",
            )
        if role and (role is Role.OWNER or not actor.may_assign(role, project_id)):
            raise Forbidden(
                f"You may not create a key with the role {role.value!r}.",
                hint="A key's role must not be above your own, and never owner.",
            )
        with self._context.database.write() as tx:
            return self.create_in(tx, actor, project_id, new)

    def create_in(
        self, tx: Transaction, actor: Principal, project_id: str, new: NewKey
    ) -> IssuedKey:
        """Creates a key in the caller's transaction without checking its role (bootstrap)."""
        now_ms = self._context.now_ms()
        secret, stored = self._new_secret(now_ms)
        key = ApiKey(
            id=self._context.new_id("key"),
            project_id=project_id,
            name=new.name,
            role=new.role,
            instance_admin=new.instance_admin,
            allowed_models=new.allowed_models,
            attributes=new.attributes,
            tags=new.tags,
            scopes=new.scopes,
            created_ms=now_ms,
            expires_ms=new.expires_ms,
            secrets=(stored,),
            priority=new.priority,
            strict_hints=new.strict_hints,
            issuers=tuple(sorted(actor.ids)),
        )
        keys.add(tx.connection, key)
        self._context.audit_log.append(
            tx, actor, project_id, "key.create", key.id, after=key.audit_fields()
        )
        return IssuedKey(key, secret)

    def import_hashed(
        self, actor: Principal, project_id: str, hashed: Sequence[HashedKey]
    ) -> list[ApiKey | None]:
        """Creates keys that work with their old secrets: all or none. `None` for one that exists
        already. They may only call models. Raises `Forbidden` unless the actor is an instance
        admin: who knows the hash of another's key could send its calls into an own project."""
        if not actor.instance_admin:
            raise Forbidden(
                "Only an instance admin may import keys.",
                hint="Ask an instance admin to run `penstock import litellm … --keys FILE`.",
                code="import_needs_instance_admin",
            )
        now_ms = self._context.now_ms()
        added: list[ApiKey | None] = []
        with self._context.database.write() as tx:
            for each in hashed:
                digest = hashed_key_digest(self._pepper, each.sha256)
                if keys.find_by_digest(tx.connection, digest) is not None:
                    added.append(None)
                    continue
                key = ApiKey(
                    id=self._context.new_id("key"),
                    project_id=project_id,
                    name=each.new.name,
                    role=None,
                    instance_admin=False,
                    allowed_models=each.new.allowed_models,
                    attributes=each.new.attributes,
                    tags=each.new.tags,
                    created_ms=now_ms,
                    expires_ms=each.new.expires_ms,
                    secrets=(KeySecret(digest, each.prefix, now_ms),),
                )
                keys.add(tx.connection, key)
                self._context.audit_log.append(
                    tx, actor, project_id, "key.import", key.id, after=key.audit_fields()
                )
                added.append(key)
        return added

    def rotate(self, actor: Principal, project_id: str, key_id: str, overlap_ms: int) -> IssuedKey:
        """Creates a new secret, valid immediately; older ones stay valid for `overlap_ms`."""
        now_ms = self._context.now_ms()
        secret, stored = self._new_secret(now_ms)
        with self._context.database.write() as tx:
            before = _get_usable(keys.find(tx.connection, project_id, key_id), actor)
            keys.expire_secrets(tx.connection, key_id, now_ms + overlap_ms, now_ms)
            keys.add_secret(tx.connection, key_id, stored)
            issuers = tuple(sorted(actor.ids.union(before.issuers)))
            keys.set_issuers(tx.connection, key_id, issuers)
            after = replace(before, secrets=(stored, *before.secrets), issuers=issuers)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                "key.rotate",
                key_id,
                before=before.audit_fields(),
                after=after.audit_fields() | {"older_secrets_expire_ms": now_ms + overlap_ms},
            )
        return IssuedKey(after, secret)

    def revoke(self, actor: Principal, project_id: str, key_id: str) -> ApiKey:
        """Revokes a key immediately. This cannot be reversed."""
        with self._context.database.write() as tx:
            key = _get_usable(keys.find(tx.connection, project_id, key_id), actor)
            return self._revoke(tx, actor, key)

    def revoke_instance_keys_in(self, tx: Transaction, actor: Principal) -> None:
        """Revokes every key of an instance admin, in the caller's transaction."""
        for key in keys.list_unrevoked(tx.connection):
            if key.instance_admin:
                self._revoke(tx, actor, key)

    def _revoke(self, tx: Transaction, actor: Principal, before: ApiKey) -> ApiKey:
        after = replace(before, revoked_ms=self._context.now_ms())
        keys.revoke(tx.connection, before.id, self._context.now_ms())
        self._context.audit_log.append(
            tx,
            actor,
            before.project_id,
            "key.revoke",
            before.id,
            before=before.audit_fields(),
            after=after.audit_fields(),
        )
        return after

    def _new_secret(self, now_ms: int) -> tuple[str, KeySecret]:
        random = base64.urlsafe_b64encode(self._context.random_bytes(32)).decode().rstrip("=")
        secret = f"pk_{random}"
        digest = keyed_digest(self._pepper, secret)
        return secret, KeySecret(digest, secret[:_PREFIX_LENGTH], now_ms)


def _get_usable(key: ApiKey | None, actor: Principal) -> ApiKey:
    if key is None:
        raise NotFound("There is no such key in this project.")
    if key.revoked_ms is not None:
        raise Conflict("This key is revoked.", hint="Create a new key.")
    if key.instance_admin and not actor.instance_admin:
        raise Forbidden("This key belongs to an instance admin.")
    if key.role and not actor.may_assign(key.role, key.project_id):
        raise Forbidden("This key's role is above your own.")
    return key
