"""Public keys for feedback as rows of the database."""

from dataclasses import asdict
from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)

from penstock.features.feedback.model import FeedbackKey

METADATA: Final = MetaData()
KEYS: Final = Table(
    "feedback_keys",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("project_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("origins", JSON, nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index("feedback_keys_by_project", "project_id", "id"),
)


def add(connection: Connection, key: FeedbackKey) -> None:
    """Stores a new key."""
    connection.execute(insert(KEYS).values(asdict(key) | {"origins": list(key.origins)}))


def remove(connection: Connection, key: str) -> None:
    """Deletes a key."""
    connection.execute(delete(KEYS).where(KEYS.c.key == key))


def find(connection: Connection, key: str) -> FeedbackKey | None:
    """Returns the key with this text, if it exists."""
    row = connection.execute(select(KEYS).where(KEYS.c.key == key)).one_or_none()
    return None if row is None else _of_row(row)


def list_by_project(connection: Connection, project_id: str) -> list[FeedbackKey]:
    """Returns the keys of a project, oldest first."""
    query = select(KEYS).where(KEYS.c.project_id == project_id).order_by(KEYS.c.id)
    return [_of_row(row) for row in connection.execute(query)]


def count(connection: Connection, project_id: str) -> int:
    """Returns how many keys a project has."""
    query = select(func.count()).select_from(KEYS).where(KEYS.c.project_id == project_id)
    return connection.execute(query).scalar_one()


def _of_row(row: Row[*tuple[object, ...]]) -> FeedbackKey:
    return FeedbackKey(
        key=row.key,
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        origins=tuple(row.origins),
        per_minute=row.per_minute,
        created_ms=row.created_ms,
    )
