"""Writes backups of a running server below `HOME/backups`.

The parts of the verticals are copied first, then the database, so that everything that a part
refers to is in the backup. The backup contains the master key: keep it as secret as the home.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Lock

from penstock.features.access import Principal
from penstock.features.backup import manifest
from penstock.features.backup.manifest import Manifest
from penstock.features.context import Context
from penstock.features.vertical import BackupPart
from penstock.infra.home import Home
from penstock.infra.sql.dump import dump
from penstock.infra.sql.migrate import head_version
from penstock.kernel.errors import Conflict
from penstock.kernel.time import rfc3339


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup. `has_columns` is false if the column store is a separate server."""

    path: str
    created_at: str
    size: int
    rows: dict[str, int]
    has_columns: bool


class BackupService:
    """Writes backups, one at a time."""

    def __init__(self, home: Path, context: Context, parts: Sequence[BackupPart]) -> None:
        self._home = home
        self._context = context
        self._parts = parts
        self._one_at_a_time = Lock()

    def write(self, actor: Principal) -> Backup:
        """Writes a backup. Raises `Conflict` while another one is being written. Gateways and
        ingestion continue meanwhile."""
        self._audit(actor, "backup.start", {})
        if not self._one_at_a_time.acquire(blocking=False):
            raise Conflict("Another backup is in progress.", hint="Wait until it has finished.")
        try:
            backup = self._write(rfc3339(self._context.clock.now_ns()))
        finally:
            self._one_at_a_time.release()
        self._audit(actor, "backup.finish", {"path": backup.path})
        return backup

    def _audit(self, actor: Principal, action: str, after: Mapping[str, object]) -> None:
        with self._context.database.write() as tx:
            self._context.audit_log.append(tx, actor, "", action, "backup", after=after)

    def _write(self, created_at: str) -> Backup:
        folder = Home(self._home).backups / created_at.replace(":", "")
        folder.mkdir(mode=0o700, parents=True)
        try:
            for part in self._parts:
                part.write(folder / part.name)
            self._copy_home_files(folder / manifest.HOME)
            (folder / manifest.SQL).mkdir()
            rows = dump(self._context.database, folder / manifest.SQL)
            return self._complete(folder, created_at, rows)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _copy_home_files(self, target: Path) -> None:
        target.mkdir()
        for path in Home(self._home).backed_up:
            if path.exists():
                shutil.copy2(path, target / path.name)

    def _complete(self, folder: Path, created_at: str, rows: dict[str, int]) -> Backup:
        files = manifest.describe(folder)
        has_columns = any(part.name == manifest.COLUMNS for part in self._parts)
        manifest.write(
            folder,
            Manifest(
                format=manifest.FORMAT,
                penstock=version("penstock"),
                schema=head_version(),
                created_at=created_at,
                rows=rows,
                has_columns=has_columns,
                files=files,
            ),
        )
        os.sync()
        size = sum(entry.size for entry in files.values())
        return Backup(str(folder), created_at, size, rows, has_columns)
