"""The store for its users: typed rows in and out, one writer and a few readers.

A handle of the engine serialises its calls, so each reader has its own; their number also limits
the memory of all queries together. Inserts run one at a time: fewer parts, and an order of arrival.
"""

import os
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Lock
from typing import Any, Final, TypeVar

import msgspec

from penstock.infra.columns.connection import (
    DATABASE,
    READER_SETTINGS,
    WRITER_SETTINGS,
    ColumnConnection,
    ColumnEngine,
    Params,
    RowsRejected,
)
from penstock.infra.columns.embedded import EmbeddedEngine
from penstock.infra.columns.server import ServerEngine
from penstock.kernel.errors import Overloaded, SetupError

Row = TypeVar("Row", bound=msgspec.Struct)
Rows = Sequence[msgspec.Struct] | Sequence[Mapping[str, Any]]

_READERS: Final = 3
_WAIT_S: Final = 30.0
_POLL_S: Final = 0.002
_encoder: Final = msgspec.json.Encoder()


def open_columns(dsn: str) -> "ColumnStore":
    """Opens the store at `dsn`: `chdb:///absolute/directory`, or `clickhouse://`, `http(s)://…`.

    Raises `SetupError` if it cannot be opened or another process owns the directory.
    """
    scheme, _, rest = dsn.partition("://")
    if scheme == "chdb" and Path(rest).is_absolute():
        return ColumnStore(EmbeddedEngine(Path(rest)))
    if scheme in ("clickhouse", "clickhouses", "http", "https"):
        return ColumnStore(ServerEngine(dsn))
    raise SetupError(
        "The columns DSN is not valid.",  # it may contain a password
        hint="Write chdb:///absolute/directory or https://user:password@host:8443/.",
    )


class ColumnStore:
    """Thread-safe. All calls block: do not use it on the event loop."""

    def __init__(self, engine: ColumnEngine) -> None:
        self._engine = engine
        self._lock = Lock()  # of the writer
        self._copying = Lock()
        self._readers: LifoQueue[ColumnConnection | None] = LifoQueue()
        for _ in range(_READERS):
            self._readers.put(None)  # opened on first use
        try:
            self._writer = engine.connect(WRITER_SETTINGS)
        except BaseException:
            engine.close()
            raise

    def query(self, sql: str, params: Params, row: type[Row]) -> list[Row]:
        """Returns the rows of a SELECT whose column names are the fields of `row`.

        Pass values only as `params`, for placeholders like `{name:String}`. Raises `Overloaded` if
        the query exceeds its time or memory limit.
        """
        with self._reader() as reader:
            answer = reader.query(f"{sql} FORMAT JSONEachRow", params)
        return msgspec.json.Decoder(row).decode_lines(answer)

    def query_as_writer(self, sql: str, params: Params, row: type[Row]) -> list[Row]:
        """Returns the rows of a SELECT like `query`, on the connection of the writer: it waits for
        inserts only, never for the queries of readers."""
        with self._lock:
            answer = self._writer.query(f"{sql} FORMAT JSONEachRow", params)
        return msgspec.json.Decoder(row).decode_lines(answer)

    def insert(
        self,
        table: str,
        rows: Sequence[msgspec.Struct] | Sequence[Mapping[str, Any]],
        *,
        token: str = "",
    ) -> None:
        """Inserts `rows` (structs or mappings with the same columns) in one insert, once per
        `token`; they are durable when this returns. Raises `RowsRejected` if a value in them can
        never be stored; nothing is inserted then."""
        if not rows:
            return
        lines = _lines(rows)
        with self._lock:
            self._writer.insert(table, _columns(rows[0]), lines, token)

    def command(self, sql: str, params: Mapping[str, str] | None = None) -> None:
        """Runs a statement without a result, such as DDL, on the connection of the writer."""
        with self._lock:
            self._writer.query(sql, params or {})

    def backup(self, target: Path) -> None:
        """Copies all tables as of one moment into the new folder `target` (below the home).

        Inserts wait only until the engine has listed the parts to copy.
        """
        sql = f"BACKUP DATABASE {DATABASE} TO File({{target:String}})"
        with (
            self._copying,
            closing(self._engine.connect(WRITER_SETTINGS)) as connection,
            ThreadPoolExecutor(1, "backup") as copier,
        ):
            with self._lock:
                copy = copier.submit(connection.query, sql, {"target": str(target)})
                while not copy.done() and not _is_being_filled(target):
                    wait((copy,), _POLL_S)
            copy.result()

    def restore(self, source: Path) -> None:
        """Restores all tables of a `backup` into an empty store."""
        self.command(
            f"RESTORE DATABASE {DATABASE} FROM File({{source:String}})", {"source": str(source)}
        )

    def close(self) -> None:
        """Waits for running calls, then closes all connections and the engine."""
        for _ in range(_READERS):
            reader = self._readers.get(timeout=_WAIT_S)
            if reader is not None:
                reader.close()
        with self._copying, self._lock:
            self._writer.close()
        self._engine.close()

    @contextmanager
    def _reader(self) -> Generator[ColumnConnection]:
        try:
            reader = self._readers.get(timeout=_WAIT_S)
        except Empty as error:
            raise Overloaded(
                "All readers of the column store are busy.",
                hint="Try again later.",
                retry_after_s=5,
            ) from error
        try:
            reader = reader or self._engine.connect(READER_SETTINGS)
            yield reader
        finally:
            self._readers.put(reader)


def _columns(row: msgspec.Struct | Mapping[str, Any]) -> Sequence[str]:
    return row.__struct_fields__ if isinstance(row, msgspec.Struct) else list(row)


def _lines(rows: Rows) -> bytes:
    try:
        return _encoder.encode_lines(rows)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise RowsRejected(f"A row cannot be written as JSON: {error}") from error


def _is_being_filled(target: Path) -> bool:
    """Returns whether the copy has begun: the engine locks the folder, lists the parts of all
    tables, and then writes."""
    return any(set(files) - {".lock"} for _, _, files in os.walk(target))
