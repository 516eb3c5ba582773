"""Access to the relational database: `write()` for a transaction, `read()` for a consistent view.

SQLite runs in WAL mode and takes its write lock at the start of a transaction, so that it cannot
fail later because of another writer. Tables and queries belong to the verticals.
"""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from penstock.kernel.errors import Conflict, Overloaded, SetupError

_CONNECTIONS_KEPT, _CONNECTIONS_MORE = 8, 40  # together more than the web server's threads
_BUSY_TIMEOUT_MS: Final = 10_000
_SNAPSHOT: Final = "REPEATABLE READ"  # PostgreSQL: one view for all SELECTs, like SQLite
_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}",
)


@dataclass(slots=True)
class Transaction:
    """A transaction of a use case: everything in it is stored, or nothing."""

    connection: Connection
    callbacks: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Runs `callback` after the commit; not after a rollback."""
        self.callbacks.append(callback)


class Database:
    """A relational database. `url` is an SQLAlchemy URL. Raises `SetupError` if it is invalid."""

    def __init__(self, url: str) -> None:
        self.url = _parse(url)
        engine = create_engine(
            self.url,
            pool_size=_CONNECTIONS_KEPT,
            max_overflow=_CONNECTIONS_MORE,
            pool_pre_ping=not self.is_sqlite,
            hide_parameters=True,
        )
        if self.is_sqlite:
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        self.engine: Engine = engine
        self._writer = engine.execution_options(penstock_begin="BEGIN IMMEDIATE")
        self._reader = (
            engine if self.is_sqlite else engine.execution_options(isolation_level=_SNAPSHOT)
        )

    @property
    def is_sqlite(self) -> bool:
        """Returns whether the database is an SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path | None:
        """Returns the SQLite file, or `None`."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @contextmanager
    def write(self) -> Generator[Transaction]:
        """Opens a transaction: commits at the end and runs the callbacks, or rolls back on an
        error. Raises `Conflict` if a constraint fails, for example because of another writer."""
        try:
            with self._writer.begin() as connection:
                transaction = Transaction(connection)
                yield transaction
        except IntegrityError as error:
            raise Conflict(
                "This object already exists or was changed.",
                hint="Load the object again, then retry.",
            ) from error
        for callback in transaction.callbacks:
            callback()

    @contextmanager
    def read(self) -> Generator[Connection]:
        """Opens a consistent view. Writes through it are discarded."""
        with self._reader.connect() as connection:
            yield connection

    def ping(self) -> None:
        """Raises `Overloaded` if the database does not answer."""
        try:
            with self.read() as connection:
                connection.execute(text("SELECT 1"))
        except OperationalError as error:
            raise Overloaded("The database does not answer.", retry_after_s=5) from error

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()


def sqlite_url(path: Path) -> str:
    """Returns the URL of an SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):  # they repeat the URL, or a part of it
        raise SetupError(
            "The database URL is not valid.",
            hint="Use a URL like sqlite:////path/to/penstock.db or postgresql://user@host/name.",
        ) from None
    if backend not in {"sqlite", "postgresql"}:
        raise SetupError(
            f"Databases of kind {backend!r} are not supported.", hint="Use SQLite or PostgreSQL."
        )
    return parsed


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - only bound to SQLite engines
    connection.isolation_level = None  # `_begin_sqlite` sends BEGIN
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("penstock_begin", "BEGIN"))
