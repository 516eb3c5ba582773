"""Restores a backup into an empty home while no process uses it."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.features.backup import manifest
from penstock.features.backup.manifest import Manifest
from penstock.infra.columns import open_columns
from penstock.infra.home import Home
from penstock.infra.home_lock import lock_home
from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from penstock.infra.sql.dump import load
from penstock.infra.sql.migrate import head_version, migrate, stored_version
from penstock.kernel.errors import SetupError

_SPECIAL: Final = frozenset({manifest.SQL, manifest.COLUMNS, manifest.HOME})


@dataclass(frozen=True, slots=True)
class RestoreTarget:
    """The target of a restore. `database_url`, `columns_dsn`: empty = the stores in the home."""

    home: Path
    database_url: str = ""
    columns_dsn: str = ""


def restore(backup: Path, target: RestoreTarget) -> Manifest:
    """Restores the folder `backup` into the home and the database of `target`.

    Raises `SetupError` if the backup is damaged or newer than this version, or if the home or the
    database is in use or not empty; then nothing is changed.
    """
    found = manifest.read(backup)
    if found.schema > head_version():
        raise SetupError(
            f"The backup has schema version {found.schema}; "
            f"this Penstock supports versions up to {head_version()}.",
            hint="Restore it with the Penstock version that wrote it, or a newer one.",
        )
    lock = lock_home(target.home)
    try:
        _require_empty(target.home)
        _fill(backup, found, target)
    finally:
        lock.release()
    return found


def _fill(backup: Path, found: Manifest, target: RestoreTarget) -> None:
    home = target.home
    try:
        _load_rows(backup / manifest.SQL, found, target)
        if found.has_columns and not target.columns_dsn:
            _restore_columns(backup / manifest.COLUMNS, home)
        for part in backup.iterdir():
            if part.is_dir() and part.name not in _SPECIAL:
                shutil.copytree(part, home / part.name)
        for path in (backup / manifest.HOME).iterdir():
            if not (home / path.name).exists():
                shutil.copy2(path, home / path.name)
    except BaseException:
        _empty(home)
        raise


def _load_rows(folder: Path, found: Manifest, target: RestoreTarget) -> None:
    database = Database(target.database_url or sqlite_url(Home(target.home).database))
    try:
        if stored_version(database):
            raise SetupError("The database is not empty.", hint="Configure an empty one.")
        migrate(database, to=found.schema)
        if (rows := load(database, folder)) != found.rows:
            raise SetupError(f"The manifest has {found.rows} rows, but {rows} were restored.")
        migrate(database)
    finally:
        database.close()


def _restore_columns(folder: Path, home: Path) -> None:
    """The engine reads files below the home only, so the backup is copied there temporarily."""
    inside = Home(home).restoring
    shutil.copytree(folder, inside, copy_function=_link_or_copy)
    store = open_columns(f"chdb://{Home(home).columns}")
    try:
        store.restore(inside)
    finally:
        store.close()
        shutil.rmtree(inside)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _require_empty(home: Path) -> None:
    others = [path.name for path in _contents(home)]
    if others:
        raise SetupError(
            f"The home {home} is not empty: it has {', '.join(others[:3])}.",
            hint="Restore into a new home: --home DIR.",
        )


def _contents(home: Path) -> list[Path]:
    return [path for path in sorted(home.iterdir()) if path not in Home(home).kept]


def _empty(home: Path) -> None:
    for path in _contents(home):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
