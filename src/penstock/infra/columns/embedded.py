"""The embedded engine: chDB on a directory that one process owns at a time.

columns/lock         locked while open; contains the process id of the owner
columns/config.xml   written at each start: the memory and thread limits of chDB
columns/engine/      the files of chDB
"""

import fcntl
import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from penstock.infra.columns.connection import DATABASE, Param, Params, engine_error
from penstock.kernel.errors import SetupError

# The defaults of chDB suit a server: 90 % of the machine's memory, caches of gigabytes.
_LIMITS: Final[Mapping[str, int]] = {
    "max_server_memory_usage": 1_000_000_000,
    "mark_cache_size": 64 << 20,
    "primary_index_cache_size": 32 << 20,
    "index_mark_cache_size": 16 << 20,
    "uncompressed_cache_size": 0,
    "query_condition_cache_size": 4 << 20,
    "compiled_expression_cache_size": 8 << 20,
    "text_index_tokens_cache_size": 16 << 20,
    "text_index_header_cache_size": 32 << 20,
    "text_index_postings_cache_size": 32 << 20,
    "vector_similarity_index_cache_size": 1 << 20,
    "parquet_metadata_cache_size": 1 << 20,
    "iceberg_metadata_files_cache_size": 1 << 20,
    "background_pool_size": 2,
    "background_move_pool_size": 1,
    "background_fetches_pool_size": 1,
    "background_common_pool_size": 1,
    "background_schedule_pool_size": 2,
    "max_thread_pool_free_size": 4,
    "prefetch_threadpool_pool_size": 2,
    "load_marks_threadpool_pool_size": 2,
    "threadpool_writer_pool_size": 4,
    "threadpool_local_fs_reader_pool_size": 4,
}
# Merges of more parts at once rewrite each row less often: half of the CPU time of merges with the
# default of 5. A few more parts are left, which queries read 7 % slower.
_OF_TABLES: Final[Mapping[str, int]] = {"merge_selector_base": 12}
_FORBIDDEN: Final = frozenset("?&")  # they have a meaning in chDB's connection string
_ESCAPES: Final = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0", "'": "\\'"}
)


class EmbeddedEngine:
    """chDB in this process. Paths must be absolute: its import changes the directory briefly."""

    def __init__(self, directory: Path) -> None:
        if not _FORBIDDEN.isdisjoint(str(directory)):
            raise SetupError(
                f"The column store cannot use {directory}: the path contains ? or &.",
                hint="Choose another --home.",
            )
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _hold(directory)
        config = directory / "config.xml"
        config.write_text(_configuration(directory), encoding="utf-8")
        # chDB does not support escapes in this string.
        self._target = f"{directory / 'engine'}?config-file={config}"

    def connect(self, settings: Mapping[str, str]) -> "EmbeddedConnection":
        # lazy: maps a library of 550 MB, which only the owner of an embedded store needs
        engine = import_module("chdb._chdb")
        try:
            handle = engine.connect(self._target)
        except RuntimeError as error:
            raise SetupError(
                f"The column store at {self._target.partition('?')[0]} cannot be opened: {error}",
                hint="Restore it from a backup, or move the folder away to start an empty one.",
            ) from error
        connection = EmbeddedConnection(handle)
        connection.prepare(settings)
        return connection

    def close(self) -> None:
        os.close(self._lock)


class EmbeddedConnection:
    """One handle of chDB."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def prepare(self, settings: Mapping[str, str]) -> None:
        """Sets database and settings of the session; they stay with the handle."""
        self._run(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
        self._run(f"USE {DATABASE}")
        if settings:
            self._run("SET " + ", ".join(f"{name} = '{value}'" for name, value in settings.items()))

    def query(self, sql: str, params: Params) -> bytes:
        return self._run(sql, {name: _text(value) for name, value in params.items()})

    def insert(self, table: str, columns: Sequence[str], rows: bytes, token: str) -> None:
        clause = f" SETTINGS insert_deduplication_token = '{token.translate(_ESCAPES)}'"
        head = f"INSERT INTO {table} ({', '.join(columns)}){clause if token else ''}"
        self._run(f"{head} FORMAT JSONEachRow\n".encode() + rows)

    def close(self) -> None:
        self._handle.close()

    def _run(self, sql: str | bytes, params: Mapping[str, str] | None = None) -> bytes:
        try:
            return self._handle.query(sql, "JSONEachRow", params=params or {}).bytes() or b""
        except RuntimeError as error:
            raise engine_error(str(error)) from error


def _text(value: Param) -> str:
    """Encodes a parameter for the engine: escaped text, or an array of quoted strings."""
    match value:
        case str():
            return value.translate(_ESCAPES)
        case int():
            return str(value)
        case _:
            return "[" + ",".join(f"'{item.translate(_ESCAPES)}'" for item in value) + "]"


def _hold(directory: Path) -> int:
    """Locks the directory for this process; the error of chDB itself does not name the owner."""
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise SetupError(
            f"Another process (pid {owner}) uses the column store at {directory}.",
            hint="Stop it first, or choose another --home.",
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _configuration(directory: Path) -> str:
    home = escape(str(directory.parent))
    backups = f"<backups><allowed_path>{home}</allowed_path></backups>"
    tables = f"<merge_tree>{_elements(_OF_TABLES)}</merge_tree>"
    return f"<clickhouse>{_elements(_LIMITS)}{tables}{backups}</clickhouse>\n"


def _elements(values: Mapping[str, int]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
