"""Tables of documents: each row is one document of a project, as canonical JSON."""

from collections.abc import Mapping
from typing import Any, Final, Generic

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

from penstock.infra.stored_documents import Entry, StoredDocument
from penstock.kernel.digests import canonical_json

_PROJECT: Final = "project_id"


class DocumentTable(Generic[Entry]):
    """The documents of one kind. `fields` are members of the documents that have a column: the
    first one is the key within a project, each other one is unique within a project. Lists are
    in the order of the last one. Methods take a connection and return values, never rows."""

    def __init__(
        self, metadata: MetaData, name: str, entry: type[Entry], fields: tuple[str, ...]
    ) -> None:
        self._entry = entry
        self._fields = fields
        self._table = Table(
            name,
            metadata,
            Column(_PROJECT, Text, primary_key=True),
            Column(fields[0], Text, primary_key=True),
            *(Column(field, Text, nullable=False) for field in fields[1:]),
            Column("content", Text, nullable=False),
            Column("updated_ms", BigInteger, nullable=False),
            *(UniqueConstraint(_PROJECT, field) for field in fields[1:]),
        )

    def add(self, connection: Connection, document: StoredDocument[Entry]) -> None:
        """Stores a new document."""
        connection.execute(insert(self._table).values(self._to_row(document)))

    def save(self, connection: Connection, document: StoredDocument[Entry]) -> None:
        """Stores a changed document."""
        row = self._to_row(document)
        found = self._is(document.project_id, row[self._fields[0]], self._fields[0])
        connection.execute(update(self._table).where(*found).values(row))

    def remove(self, connection: Connection, project_id: str, key: str) -> None:
        """Deletes a document."""
        connection.execute(delete(self._table).where(*self._is(project_id, key, self._fields[0])))

    def find(
        self,
        connection: Connection,
        project_id: str,
        value: str,
        by: str = "",
        *,
        lock: bool = False,
    ) -> StoredDocument[Entry] | None:
        """Returns the document with a value of the field `by` (its key by default), if it
        exists. With `lock` nobody else changes it until the end of the transaction."""
        query = select(self._table).where(*self._is(project_id, value, by or self._fields[0]))
        if lock:
            query = query.with_for_update()
        row = connection.execute(query).one_or_none()
        return None if row is None else self._of_row(row)

    def list(self, connection: Connection, project_id: str) -> list[StoredDocument[Entry]]:
        """Returns the documents of a project."""
        table = self._table
        query = select(table).where(table.c.project_id == project_id)
        rows = connection.execute(query.order_by(table.c[self._fields[-1]]))
        return [self._of_row(row) for row in rows]

    def count(self, connection: Connection, project_id: str) -> int:
        """Returns how many documents a project has."""
        table = self._table
        query = select(func.count()).select_from(table).where(table.c.project_id == project_id)
        return connection.execute(query).scalar_one()

    def of_all_projects(self, connection: Connection) -> Mapping[str, tuple[Entry, ...]]:
        """Returns the documents of all projects by project id, by key."""
        found: dict[str, list[Entry]] = {}
        query = select(self._table).order_by(self._table.c[self._fields[0]])
        for row in connection.execute(query):
            found.setdefault(row.project_id, []).append(self._of_row(row).entry)
        return {project_id: tuple(entries) for project_id, entries in found.items()}

    def _is(self, project_id: str, value: object, field: str) -> tuple[Any, Any]:
        return self._table.c.project_id == project_id, self._table.c[field] == value

    def _to_row(self, document: StoredDocument[Entry]) -> dict[str, object]:
        return {
            _PROJECT: document.project_id,
            **{field: getattr(document.entry, field) for field in self._fields},
            "content": canonical_json(document.entry).decode(),
            "updated_ms": document.updated_ms,
        }

    def _of_row(self, row: Row[*tuple[Any, ...]]) -> StoredDocument[Entry]:
        entry = msgspec.json.decode(row.content, type=self._entry)
        return StoredDocument(row.project_id, entry, row.updated_ms)
