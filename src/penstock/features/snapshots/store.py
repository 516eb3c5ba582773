"""Snapshots as rows, addressed by content, so that the snapshot of any span can be read again.

Nothing is deleted, because stored spans refer to their snapshot. Migration `0002` creates the
tables; a test compares both.
"""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Executable,
    LargeBinary,
    MetaData,
    Table,
    Text,
    select,
)
from sqlalchemy.dialects import sqlite

from penstock.features.snapshots.model import Compiled

METADATA: Final = MetaData()

SECTIONS: Final = Table(
    "snapshot_sections",
    METADATA,
    Column("hash", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

ROOTS: Final = Table(
    "snapshot_roots",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("compiled_ms", BigInteger, nullable=False),
)


def save(
    connection: Connection, compiled: Compiled, new: Collection[str], compiled_ms: int
) -> None:
    """Stores a root and the sections named in `new`; existing rows stay unchanged."""
    if new:
        rows = [{"hash": hash_, "content": compiled.sections[hash_]} for hash_ in new]
        connection.execute(_insert_new(connection, SECTIONS), rows)
    root = {"digest": compiled.digest, "content": compiled.root, "compiled_ms": compiled_ms}
    connection.execute(_insert_new(connection, ROOTS), root)


def find_root(connection: Connection, digest: str) -> bytes | None:
    """Returns the root with that digest, if it was ever published."""
    query = select(ROOTS.c.content).where(ROOTS.c.digest == digest)
    return connection.execute(query).scalar_one_or_none()


def find_section(connection: Connection, hash_: str) -> bytes | None:
    """Returns the section with that hash, if it was ever published."""
    query = select(SECTIONS.c.content).where(SECTIONS.c.hash == hash_)
    return connection.execute(query).scalar_one_or_none()


def find_sections(connection: Connection, hashes: Collection[str]) -> Mapping[str, bytes]:
    """Returns the published sections with these hashes, by hash."""
    query = select(SECTIONS).where(SECTIONS.c.hash.in_(hashes))
    return {row.hash: row.content for row in connection.execute(query)}


def _insert_new(connection: Connection, table: Table) -> Executable:
    """Returns an INSERT that ignores existing rows."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import postgresql  # lazy: start-up time that SQLite does not need

    return postgresql.insert(table).on_conflict_do_nothing()
