"""The port to an engine that speaks ClickHouse's SQL: one connection, used by one thread at a time.

Both adapters take the same SQL, the same `{name:Type}` placeholders and the same text formats.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from penstock.kernel.errors import Overloaded, PenstockError

DATABASE: Final = "penstock"

Param = str | int | Sequence[str]
Params = Mapping[str, Param]

# What a reader may cost; the engine as a whole is bounded by its own configuration.
READER_SETTINGS: Final[Mapping[str, str]] = {
    "max_execution_time": "30",
    "max_memory_usage": "600000000",
    "readonly": "2",
}
# One thread parses: as fast on batches of 1 MiB, and with a steadier footprint.
WRITER_SETTINGS: Final[Mapping[str, str]] = {
    "input_format_parallel_parsing": "0",
    "max_insert_threads": "1",
    "async_insert": "0",
}

_CODE: Final = re.compile(r"Code: (\d+)")
_TIMEOUT, _MEMORY = 159, 241
# What the engine says of values that it cannot take, now or later: texts, numbers, dates and
# arrays that it cannot parse or hold, constraints, and rows of too many months in one insert.
_OF_VALUES: Final = frozenset(
    {6, 25, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 128, 130, 131, 190, 321, 349, 407, 467, 469}
)
_PARTS: Final = 252
_PARTITIONS: Final = "partitions for single INSERT block"


class RowsRejected(PenstockError):
    """An insert that can never succeed, because of a value in it; nothing of it is stored."""

    default_code = "rows_refused"


class ColumnConnection(Protocol):
    """One session with the engine. Every method raises `PenstockError` when the engine refuses."""

    def query(self, sql: str, params: Params) -> bytes:
        """The answer in the format that `sql` ends with; empty for statements without one."""
        ...

    def insert(self, table: str, columns: Sequence[str], rows: bytes, token: str) -> None:
        """Adds `rows` (JSON objects, one a line), once per non-empty `token`. `RowsRejected` when a
        value in them can never be stored."""
        ...

    def close(self) -> None:
        """Ends the session; the engine may live on in other connections."""
        ...


class ColumnEngine(Protocol):
    """Where connections come from."""

    def connect(self, settings: Mapping[str, str]) -> ColumnConnection:
        """A new session in the database `penstock`, which exists afterwards."""
        ...

    def close(self) -> None:
        """Gives the engine's own resources back, once no connection is open."""
        ...


def refusal(message: str) -> PenstockError:
    """The error to raise for what an engine said: too much asked, or a failure of the store."""
    found = _CODE.search(message)
    code = int(found.group(1)) if found else 0
    if code in (_TIMEOUT, _MEMORY):
        return Overloaded(
            "The column store needed more time or memory than one query may take.",
            hint="Ask for a shorter time range or add a filter.",
            code="query_too_large",
        )
    if code in _OF_VALUES or (code == _PARTS and _PARTITIONS in message):
        return RowsRejected(f"The column store refused rows: {message.strip()[:300]}")
    return PenstockError(
        f"The column store refused a statement: {message.strip()[:300]}", code="column_store_failed"
    )
