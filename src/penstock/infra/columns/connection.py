"""The port to an engine with the SQL of ClickHouse: a connection is used by one thread at a time.

Both adapters accept the same SQL, the same `{name:Type}` placeholders and the same text formats.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from penstock.kernel.errors import Overloaded, PenstockError

DATABASE: Final = "penstock"

Param = str | int | Sequence[str]
Params = Mapping[str, Param]

# Limits of one query; the configuration of the engine limits it as a whole.
READER_SETTINGS: Final[Mapping[str, str]] = {
    "max_execution_time": "30",
    "max_memory_usage": "600000000",
    "readonly": "2",
}
# One parser thread: as fast for batches of 1 MiB, and with a steadier memory footprint.
WRITER_SETTINGS: Final[Mapping[str, str]] = {
    "input_format_parallel_parsing": "0",
    "max_insert_threads": "1",
    "async_insert": "0",
}

_CODE: Final = re.compile(r"Code: (\d+)")
_TIMEOUT, _MEMORY = 159, 241
# Error codes for values that the engine can never store: texts, numbers, dates and arrays that it
# cannot parse or represent, constraints, and rows of too many months in one insert.
_VALUE_ERRORS: Final = frozenset(
    {6, 25, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 128, 130, 131, 190, 321, 349, 407, 467, 469}
)
_PARTS: Final = 252
_PARTITIONS: Final = "partitions for single INSERT block"


class RowsRejected(PenstockError):
    """An insert can never succeed because of a value in it; none of its rows is stored."""

    default_code = "rows_refused"


class ColumnConnection(Protocol):
    """One session with the engine. All methods raise `PenstockError` for errors of the engine."""

    def query(self, sql: str, params: Params) -> bytes:
        """Returns the result in the format that `sql` ends with; empty without a result."""
        ...

    def insert(self, table: str, columns: Sequence[str], rows: bytes, token: str) -> None:
        """Inserts `rows` (JSON objects, one per line), once per non-empty `token`. Raises
        `RowsRejected` if a value in them can never be stored."""
        ...

    def close(self) -> None:
        """Closes the session; other connections to the engine may stay open."""
        ...


class ColumnEngine(Protocol):
    """The source of connections."""

    def connect(self, settings: Mapping[str, str]) -> ColumnConnection:
        """Opens a session in the database `penstock`; creates the database if it is missing."""
        ...

    def close(self) -> None:
        """Frees the resources of the engine. Call it when no connection is open."""
        ...


def engine_error(message: str) -> PenstockError:
    """Returns the error for a message of the engine: a limit, rejected rows, or a failure."""
    found = _CODE.search(message)
    code = int(found.group(1)) if found else 0
    if code in (_TIMEOUT, _MEMORY):
        return Overloaded(
            "The query exceeds the time or memory limit of the column store.",
            hint="Choose a shorter time range or add a filter.",
            code="query_too_large",
        )
    if code in _VALUE_ERRORS or (code == _PARTS and _PARTITIONS in message):
        return RowsRejected(f"The column store rejected rows: {message.strip()[:300]}")
    return PenstockError(
        f"The column store rejected a statement: {message.strip()[:300]}",
        code="column_store_failed",
    )
