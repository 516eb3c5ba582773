"""Dumps all rows of a database as JSON lines, one file per table, and loads them. The format is the
same for SQLite and PostgreSQL, so that a dump of one can be loaded into the other.
"""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table, func, insert, select

from penstock.infra.sql.database import Database
from penstock.kernel.errors import SetupError

_VERSION_TABLE: Final = "alembic_version"
_ROWS_AT_ONCE: Final = 500
_encoder: Final = msgspec.json.Encoder(decimal_format="string")


def dump(database: Database, folder: Path) -> dict[str, int]:
    """Writes every table into the existing `folder`, from one consistent view. Returns the row
    counts by table."""
    with database.read() as connection:
        return {
            table.name: _dump_table(connection, table, folder / f"{table.name}.jsonl")
            for table in _tables(connection)
        }


def load(database: Database, folder: Path) -> dict[str, int]:
    """Fills the empty tables of a database from files of `dump`. Returns the row count by table.

    Raises `SetupError` if the dump has unknown tables.
    """
    with database.write() as transaction:
        connection = transaction.connection
        tables = _tables(connection)
        unknown = {path.stem for path in folder.glob("*.jsonl")} - {t.name for t in tables}
        if unknown:
            raise SetupError(f"The backup has unknown tables: {', '.join(sorted(unknown))}.")
        for table in tables:
            _load_table(connection, table, folder / f"{table.name}.jsonl")
        return {table.name: _count(connection, table) for table in tables}


def _tables(connection: Connection) -> list[Table]:
    """Returns our tables; referenced tables come first."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != _VERSION_TABLE]


def _dump_table(connection: Connection, table: Table, path: Path) -> int:
    count = 0
    rows = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
    with path.open("wb") as file, rows:
        for row in rows.mappings():
            file.write(_encoder.encode(dict(row)) + b"\n")
            count += 1
    return count


def _load_table(connection: Connection, table: Table, path: Path) -> None:
    if not path.exists():
        return
    readers = {column.name: _reader(column) for column in table.columns}
    rows: list[dict[str, Any]] = []
    with path.open("rb") as file:
        for line in file:
            rows.append(_read(msgspec.json.decode(line), readers))
            if len(rows) == _ROWS_AT_ONCE:
                connection.execute(insert(table), rows)
                rows.clear()
    if rows:
        connection.execute(insert(table), rows)


def _read(row: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    return {name: None if value is None else readers[name](value) for name, value in row.items()}


def _reader(column: Column[Any]) -> Callable[[Any], Any]:
    """Returns the function that converts a JSON value to the column's type."""
    if isinstance(column.type, LargeBinary):
        return base64.b64decode
    return _unchanged


def _unchanged(value: Any) -> Any:
    return value


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()
