"""Relational stores for contract tests: an SQLite file and a temporary PostgreSQL cluster."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import URL

from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from penstock.infra.sql.migrate import migrate

_NUMBERS = count()


def migrated_sqlite(path: Path) -> str:
    """Returns the URL of an SQLite file; makes it with the current schema if it does not exist.
    Migrations run once in a process; further files are copies."""
    if not path.exists():
        path.write_bytes(_migrated_file())
    return sqlite_url(path)


@cache
def _migrated_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "penstock.db"
        _migrate(sqlite_url(path))
        return path.read_bytes()


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


def _new_name() -> str:
    return f"test_{os.getpid()}_{next(_NUMBERS)}"


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL server that listens on a socket file only."""

    folder: Path

    def new_url(self) -> str:
        """Creates an empty database and returns its URL."""
        return self._create(_new_name())

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Creates a database with the current schema, yields its URL, and drops it. Migrations run
        once in the cluster; further databases are copies."""
        name = _new_name()
        yield self._create(name, self._template)
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    @cached_property
    def _template(self) -> str:
        name = _new_name()
        _migrate(self._create(name))
        return name

    def _create(self, name: str, template: str = "template1") -> str:
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._url(name)

    def _run(self, sql: str) -> None:
        server = Database(self._url("postgres")).engine.execution_options(
            isolation_level="AUTOCOMMIT"
        )
        with server.connect() as connection:
            connection.exec_driver_sql(sql)
        server.dispose()

    def _url(self, database: str) -> str:
        url = URL.create(
            "postgresql+psycopg",
            username="postgres",
            database=database,
            query={"host": str(self.folder)},
        )
        return url.render_as_string()


def _postgres_binaries() -> Path | None:
    """Returns the folder of `initdb` and `pg_ctl`, if they are installed."""
    found = shutil.which("pg_ctl")
    candidates = [
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *([Path(found).parent] if found else []),
    ]
    return next((path for path in sorted(candidates) if (path / "initdb").exists()), None)


@contextmanager
def postgres_cluster() -> Iterator[Cluster]:
    """Runs a temporary cluster; as root, as the user `postgres`. Skips the test if PostgreSQL is
    not installed."""
    binaries = _postgres_binaries()
    if binaries is None:
        pytest.skip(
            "half of the contract unproven: apt-get install postgresql"
        )  # needs: postgresql
    folder = Path(tempfile.mkdtemp(prefix="penstock-pg-"))
    user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    data = folder / "data"

    def run(*command: str) -> None:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            cwd=folder,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )

    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    options += " -c shared_buffers=16MB -c min_wal_size=32MB -c max_wal_size=64MB"
    try:
        run(f"{binaries}/initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-N")
        run(
            f"{binaries}/pg_ctl",
            "-D",
            str(data),
            "-o",
            options,
            "-w",
            "-l",
            f"{folder}/log",
            "start",
        )
        yield Cluster(folder)
    finally:
        subprocess.run(
            [f"{binaries}/pg_ctl", "-D", str(data), "-m", "immediate", "stop"],
            check=False,
            capture_output=True,
            cwd=folder,
            user=user.pw_uid if user else None,
        )
        shutil.rmtree(folder, ignore_errors=True)
