"""Virtual keys and their secrets as rows."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from penstock.features.access import KeyScope, Role
from penstock.features.identity.model import ApiKey, KeySecret
from penstock.features.identity.store.tables import API_KEYS, KEY_SECRETS

_NO_ROLE = ""  # the column's value for a key that may only call models


def add(connection: Connection, key: ApiKey) -> None:
    """Stores a new key with its secrets."""
    connection.execute(
        insert(API_KEYS).values(
            id=key.id,
            project_id=key.project_id,
            name=key.name,
            role=key.role or _NO_ROLE,
            instance_admin=key.instance_admin,
            allowed_models=list(key.allowed_models),
            attributes=dict(key.attributes),
            tags=dict(key.tags),
            scopes=[each.value for each in key.scopes],
            priority=key.priority,
            strict_hints=key.strict_hints,
            issuers=list(key.issuers),
            created_ms=key.created_ms,
            expires_ms=key.expires_ms,
            revoked_ms=key.revoked_ms,
        )
    )
    for secret in key.secrets:
        add_secret(connection, key.id, secret)


def add_secret(connection: Connection, key_id: str, secret: KeySecret) -> None:
    """Adds a secret to a key."""
    connection.execute(insert(KEY_SECRETS).values(key_id=key_id), asdict(secret))


def set_issuers(connection: Connection, key_id: str, issuers: tuple[str, ...]) -> None:
    """Stores who has had a secret of a key."""
    values = {"issuers": list(issuers)}
    connection.execute(update(API_KEYS).where(API_KEYS.c.id == key_id).values(values))


def expire_secrets(connection: Connection, key_id: str, at_ms: int, now_ms: int) -> None:
    """Sets the expiry of a key's secrets to `at_ms`, if they expire later. Deletes expired ones."""
    mine = KEY_SECRETS.c.key_id == key_id
    connection.execute(delete(KEY_SECRETS).where(mine, KEY_SECRETS.c.expires_ms <= now_ms))
    later = KEY_SECRETS.c.expires_ms.is_(None) | (KEY_SECRETS.c.expires_ms > at_ms)
    connection.execute(update(KEY_SECRETS).where(mine, later).values(expires_ms=at_ms))


def revoke(connection: Connection, key_id: str, now_ms: int) -> None:
    """Marks the key as revoked and deletes its secrets."""
    connection.execute(update(API_KEYS).where(API_KEYS.c.id == key_id).values(revoked_ms=now_ms))
    connection.execute(delete(KEY_SECRETS).where(KEY_SECRETS.c.key_id == key_id))


def find(connection: Connection, project_id: str, key_id: str) -> ApiKey | None:
    """Returns the project's key, if it exists."""
    query = select(API_KEYS).where(API_KEYS.c.project_id == project_id, API_KEYS.c.id == key_id)
    return next(iter(_load(connection, query)), None)


def find_usable(connection: Connection, key_id: str, now_ms: int) -> ApiKey | None:
    """Returns the key, unless it is revoked or has expired."""
    query = select(API_KEYS).where(
        API_KEYS.c.id == key_id,
        API_KEYS.c.revoked_ms.is_(None),
        API_KEYS.c.expires_ms.is_(None) | (API_KEYS.c.expires_ms > now_ms),
    )
    return next(iter(_load(connection, query)), None)


def find_by_digest(connection: Connection, digest: str) -> ApiKey | None:
    """Returns the key that has a secret with this digest, if it exists."""
    query = select(API_KEYS).join(KEY_SECRETS).where(KEY_SECRETS.c.digest == digest)
    return next(iter(_load(connection, query)), None)


def list_by_project(
    connection: Connection, project_id: str, after_id: str, limit: int
) -> list[ApiKey]:
    """Returns keys of a project after `after_id`, oldest first, including revoked ones."""
    query = (
        select(API_KEYS)
        .where(API_KEYS.c.project_id == project_id, API_KEYS.c.id > after_id)
        .order_by(API_KEYS.c.id)
        .limit(limit)
    )
    return _load(connection, query)


def list_unrevoked(connection: Connection) -> list[ApiKey]:
    """Returns the keys of all projects that are not revoked, by id."""
    query = select(API_KEYS).where(API_KEYS.c.revoked_ms.is_(None)).order_by(API_KEYS.c.id)
    return _load(connection, query)


def _load(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[ApiKey]:
    rows = connection.execute(query).all()
    secrets = _secrets(connection, query)
    return [_from_row(row, secrets) for row in rows]


def _secrets(
    connection: Connection, keys: Select[*tuple[Any, ...]]
) -> Mapping[str, list[KeySecret]]:
    key_ids = keys.with_only_columns(API_KEYS.c.id)
    query = select(KEY_SECRETS).where(KEY_SECRETS.c.key_id.in_(key_ids))
    found: dict[str, list[KeySecret]] = defaultdict(list)
    for row in connection.execute(query.order_by(KEY_SECRETS.c.created_ms.desc())):
        secret = KeySecret(row.digest, row.prefix, row.created_ms, row.expires_ms)
        found[row.key_id].append(secret)
    return found


def _from_row(row: Row[*tuple[Any, ...]], secrets: Mapping[str, list[KeySecret]]) -> ApiKey:
    return ApiKey(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        role=None if row.role == _NO_ROLE else Role(row.role),
        instance_admin=row.instance_admin,
        allowed_models=tuple(row.allowed_models),
        attributes=row.attributes,
        tags=row.tags,
        scopes=tuple(KeyScope(each) for each in row.scopes),
        priority=row.priority,
        strict_hints=row.strict_hints,
        issuers=tuple(row.issuers),
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
        revoked_ms=row.revoked_ms,
        secrets=tuple(secrets.get(row.id, ())),
    )
