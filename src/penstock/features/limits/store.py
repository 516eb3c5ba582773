"""The table of limits. Functions take a connection and return values, never rows."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    Row,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)

from penstock.features.limits.model import StoredLimit
from penstock.kernel.digests import canonical_json
from penstock.rules.limits import LimitEntry

METADATA: Final = MetaData()

LIMITS: Final = Table(
    "limits",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    UniqueConstraint("project_id", "name"),
)


def add_limit(connection: Connection, limit: StoredLimit) -> None:
    """Stores a new limit."""
    connection.execute(insert(LIMITS).values(_to_row(limit)))


def save_limit(connection: Connection, limit: StoredLimit) -> None:
    """Stores a changed limit."""
    connection.execute(
        update(LIMITS).where(*_is(limit.project_id, limit.entry.id)).values(_to_row(limit))
    )


def remove_limit(connection: Connection, project_id: str, limit_id: str) -> None:
    """Deletes a limit."""
    connection.execute(delete(LIMITS).where(*_is(project_id, limit_id)))


def find_limit(connection: Connection, project_id: str, limit_id: str) -> StoredLimit | None:
    """Returns the limit, if it exists."""
    row = connection.execute(select(LIMITS).where(*_is(project_id, limit_id))).one_or_none()
    return None if row is None else _limit(row)


def find_named(connection: Connection, project_id: str, name: str) -> StoredLimit | None:
    """Returns the limit with a name, if it exists."""
    query = select(LIMITS).where(LIMITS.c.project_id == project_id, LIMITS.c.name == name)
    row = connection.execute(query).one_or_none()
    return None if row is None else _limit(row)


def list_limits(connection: Connection, project_id: str) -> list[StoredLimit]:
    """Returns the limits of a project by name."""
    query = select(LIMITS).where(LIMITS.c.project_id == project_id).order_by(LIMITS.c.name)
    return [_limit(row) for row in connection.execute(query)]


def count_limits(connection: Connection, project_id: str) -> int:
    """Returns how many limits a project has."""
    query = select(func.count()).select_from(LIMITS).where(LIMITS.c.project_id == project_id)
    return connection.execute(query).scalar_one()


def list_all_limits(connection: Connection) -> Mapping[str, list[LimitEntry]]:
    """Returns the limits of all projects by project id, by id."""
    found: dict[str, list[LimitEntry]] = {}
    for row in connection.execute(select(LIMITS).order_by(LIMITS.c.id)):
        found.setdefault(row.project_id, []).append(_limit(row).entry)
    return found


def _is(project_id: str, limit_id: str) -> tuple[Any, Any]:
    return LIMITS.c.project_id == project_id, LIMITS.c.id == limit_id


def _to_row(limit: StoredLimit) -> dict[str, object]:
    return {
        "project_id": limit.project_id,
        "id": limit.entry.id,
        "name": limit.entry.name,
        "content": canonical_json(limit.entry).decode(),
        "updated_ms": limit.updated_ms,
    }


def _limit(row: Row[*tuple[Any, ...]]) -> StoredLimit:
    entry = msgspec.json.decode(row.content, type=LimitEntry)
    return StoredLimit(row.project_id, entry, row.updated_ms)
