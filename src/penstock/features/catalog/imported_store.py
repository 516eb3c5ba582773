"""Table and queries of imported lists: facts or prices of one vendor, which replace those of the
package. Migration `0005` creates the table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Table, Text, delete, select
from sqlalchemy import insert as insert_into

from penstock.features.catalog.store import METADATA

IMPORTED: Final = Table(
    "imported_lists",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("vendor", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("digest", Text, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("imported_ms", BigInteger, nullable=False),
)


class ListKind(StrEnum):
    """The kinds of lists that a file may have."""

    FACTS = "facts"
    PRICES = "prices"


@dataclass(frozen=True, slots=True)
class ImportedList:
    """An imported list. `digest` is that of its content."""

    kind: ListKind
    vendor: str
    digest: str
    row_count: int
    imported_ms: int


def save(connection: Connection, imported: ImportedList, content: bytes) -> None:
    """Stores a list in place of an earlier one of its kind and vendor."""
    remove(connection, imported.kind, imported.vendor)
    connection.execute(
        insert_into(IMPORTED).values(
            kind=imported.kind.value,
            vendor=imported.vendor,
            content=content,
            digest=imported.digest,
            row_count=imported.row_count,
            imported_ms=imported.imported_ms,
        )
    )


def remove(connection: Connection, kind: ListKind, vendor: str) -> bool:
    """Deletes a list. Returns whether there was one."""
    mine = (IMPORTED.c.kind == kind.value, IMPORTED.c.vendor == vendor)
    return connection.execute(delete(IMPORTED).where(*mine)).rowcount > 0


def list_all(connection: Connection) -> list[ImportedList]:
    """Returns the imported lists by kind and vendor."""
    columns = [column for column in IMPORTED.columns if column is not IMPORTED.c.content]
    query = select(*columns).order_by(IMPORTED.c.kind, IMPORTED.c.vendor)
    return [
        ImportedList(ListKind(row.kind), row.vendor, row.digest, row.row_count, row.imported_ms)
        for row in connection.execute(query)
    ]


def contents(connection: Connection, kind: ListKind) -> Mapping[str, bytes]:
    """Returns the contents of all lists of a kind, by vendor."""
    query = select(IMPORTED.c.vendor, IMPORTED.c.content).where(IMPORTED.c.kind == kind.value)
    return {row.vendor: row.content for row in connection.execute(query)}
