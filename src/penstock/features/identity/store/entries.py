"""Reads all keys for the snapshot. This runs after every change, so it is one query that builds the
entries directly (10,000 keys: 0.1 s; through `ApiKey`: 0.4 s)."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from penstock.features.identity.store.tables import API_KEYS, KEY_SECRETS
from penstock.rules.snapshot import KeyEntry, key_attributes


def list_entries(connection: Connection) -> Iterator[tuple[str, KeyEntry]]:
    """Yields (project id, entry) for each secret of each key that is not revoked, by key id."""
    query = (
        select(
            API_KEYS.c.project_id,
            API_KEYS.c.id,
            KEY_SECRETS.c.digest,
            API_KEYS.c.name,
            API_KEYS.c.allowed_models,
            API_KEYS.c.attributes,
            API_KEYS.c.tags,
            API_KEYS.c.expires_ms,
            KEY_SECRETS.c.expires_ms,
        )
        .join(KEY_SECRETS)
        .where(API_KEYS.c.revoked_ms.is_(None))
        .order_by(API_KEYS.c.id, KEY_SECRETS.c.created_ms.desc(), KEY_SECRETS.c.digest)
    )
    for row in connection.execute(query).all():
        project_id, key_id, digest, name, models, fixed, tags, key_ends, secret_ends = row
        ends = _sooner(key_ends, secret_ends)
        attributes = {**key_attributes(fixed), "tags": tags}
        yield project_id, KeyEntry(key_id, digest, name, tuple(models), ends, **attributes)


def _sooner(first: int | None, second: int | None) -> int | None:
    return min((limit for limit in (first, second) if limit is not None), default=None)
