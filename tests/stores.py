"""Relational stores for contract tests: an SQLite file and a temporary PostgreSQL cluster."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import URL

from penstock.infra.sql import Database

_NUMBERS = count()


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL server that listens on a socket file only."""

    folder: Path

    def new_url(self) -> str:
        """Creates an empty database and returns its URL."""
        name = f"test_{os.getpid()}_{next(_NUMBERS)}"
        server = Database(self._url("postgres")).engine.execution_options(
            isolation_level="AUTOCOMMIT"
        )
        with server.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        server.dispose()
        return self._url(name)

    def _url(self, database: str) -> str:
        url = URL.create(
            "postgresql+psycopg",
            username="postgres",
            database=database,
            query={"host": str(self.folder)},
        )
        return url.render_as_string()


def postgres_binaries() -> Path | None:
    """Returns the folder of `initdb` and `pg_ctl`, if they are installed."""
    found = shutil.which("pg_ctl")
    candidates = [
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *([Path(found).parent] if found else []),
    ]
    return next((path for path in sorted(candidates) if (path / "initdb").exists()), None)


@contextmanager
def cluster(binaries: Path) -> Iterator[Cluster]:
    """Runs a temporary cluster. As root, it runs as the user `postgres`."""
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

    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c shared_buffers=16MB"
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
