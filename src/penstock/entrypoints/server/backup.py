"""Backups of a running server: `POST /api/v1/backup` writes one below `HOME/backups`.

The column store is copied first, then the database, so that everything a span refers to is in the
backup. The backup contains the master key: keep it as secret as the home.
"""

import os
import shutil
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.entrypoints.server import manifest
from penstock.entrypoints.server.manifest import Manifest
from penstock.features.identity.assembly import Identity
from penstock.features.identity.model import Access, Permission, Principal
from penstock.features.traces.vertical import TracesVertical
from penstock.infra.sql import Database
from penstock.infra.sql.dump import dump
from penstock.infra.sql.migrate import head_version
from penstock.kernel.errors import Conflict
from penstock.kernel.time import Clock, rfc3339

FOLDER: Final = "backups"
# The files that a restored home needs in addition to its stores; the checkpoint is copied first.
HOME_FILES: Final = (
    "audit.heads",
    "bootstrap.json",
    "gateway.token",
    "master.key",
    "penstock.toml",
)


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup. `has_columns` is false if the column store is a separate server."""

    path: str
    created_at: str
    size: int
    rows: dict[str, int]
    has_columns: bool


class BackupService:
    """Writes backups, one at a time. `embedded_columns`: the column store is in the home."""

    def __init__(
        self,
        home: Path,
        database: Database,
        traces: TracesVertical,
        clock: Clock,
        *,
        embedded_columns: bool,
    ) -> None:
        self._home = home
        self._database = database
        self._traces = traces
        self._clock = clock
        self._embedded_columns = embedded_columns
        self._one_at_a_time = Lock()

    def write(self) -> Backup:
        """Writes a backup. Raises `Conflict` while another one is being written. Gateways and
        ingestion continue meanwhile."""
        if not self._one_at_a_time.acquire(blocking=False):
            raise Conflict("Another backup is in progress.", hint="Wait until it has finished.")
        try:
            return self._write(rfc3339(self._clock.now_ns()))
        finally:
            self._one_at_a_time.release()

    def _write(self, created_at: str) -> Backup:
        folder = self._home / FOLDER / created_at.replace(":", "")
        folder.mkdir(mode=0o700, parents=True)
        try:
            if self._embedded_columns:
                self._traces.wait(0).backup(folder / manifest.COLUMNS)
            self._copy_home_files(folder / manifest.HOME)
            (folder / manifest.SQL).mkdir()
            rows = dump(self._database, folder / manifest.SQL)
            return self._complete(folder, created_at, rows)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _copy_home_files(self, target: Path) -> None:
        target.mkdir()
        for name in HOME_FILES:
            if (self._home / name).exists():
                shutil.copy2(self._home / name, target / name)

    def _complete(self, folder: Path, created_at: str, rows: dict[str, int]) -> Backup:
        files = manifest.describe(folder)
        manifest.write(
            folder,
            Manifest(
                format=manifest.FORMAT,
                penstock=version("penstock"),
                schema=head_version(),
                created_at=created_at,
                rows=rows,
                has_columns=self._embedded_columns,
                files=files,
            ),
        )
        os.sync()
        size = sum(entry.size for entry in files.values())
        return Backup(str(folder), created_at, size, rows, self._embedded_columns)


class BackupView(BaseModel):
    """A finished backup: a folder on the server, as secret as its home."""

    path: str
    created_at: str
    size: int
    rows: dict[str, int]
    has_columns: bool


def backup_routes(identity: Identity, database: Database, service: BackupService) -> APIRouter:
    """Returns the route."""
    router = APIRouter(prefix="/api/v1/backup", tags=["instance"])

    @router.post("", status_code=201)
    def write_backup(
        access: Annotated[Access, Depends(identity.guards.require(Permission.INSTANCE))],
    ) -> BackupView:
        """Writes a consistent backup while the server runs."""
        _audit(identity, database, access.principal, "backup.start", {})
        written = service.write()
        _audit(identity, database, access.principal, "backup.finish", {"path": written.path})
        return BackupView(**asdict(written))

    return router


def _audit(
    identity: Identity, database: Database, actor: Principal, action: str, after: dict[str, object]
) -> None:
    with database.write() as tx:
        identity.audit_log.append(tx, actor, "", action, "backup", after=after)
