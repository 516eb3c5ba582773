"""For the person at this machine, while nothing runs: `penstock admin reset`, `penstock reset`."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer
from msgspec.structs import asdict

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.output import show_record
from penstock.infra.process import lock_home
from penstock.infra.settings import Settings, load
from penstock.kernel.time import SystemClock

# All that Penstock itself puts into a home; settings and what else lies there stay.
DATA: Final = (
    "audit.heads",
    "audit.heads.lock",
    "audit.heads.lock",
    "bootstrap.json",
    "columns",
    "gateway.token",
    "master.key",
    "penstock.db",
    "penstock.db-shm",
    "penstock.db-wal",
    "run",
    "snapshot",
    "spool",
)


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds `admin` or `reset`."""
    if name == "reset":
        app.command(name, help=line)(reset)
        return
    group = typer.Typer(help=line, no_args_is_help=True)
    group.command("reset")(reset_admin)
    group.callback()(_group)
    app.add_typer(group, name=name)


def reset_admin(*, home: options.Home = None, as_json: options.Json = False) -> None:
    """Give the first admin a new password and a new key; both go into bootstrap.json, too."""
    from penstock.entrypoints.server.composition import open_database  # lazy: SQLAlchemy, 250 ms
    from penstock.entrypoints.server.config import ServerConfig  # lazy: the same
    from penstock.features.identity.assembly import Identity, open_master_key  # lazy: the same

    settings = load({"home": home}).settings
    with _alone(settings):
        config = ServerConfig(str(settings.home), database_url=settings.server.database_url)
        database = open_database(config)
        try:
            master_key = open_master_key(settings.home, database)
            identity = Identity(
                settings.home, database, master_key, clock=SystemClock(), random_bytes=os.urandom
            )
            told = identity.bootstrap.reset_admin()
        finally:
            database.close()
    show_record(asdict(told), as_json=as_json)


def reset(
    *,
    yes: options.Yes = False,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Delete this installation's data: projects, keys, providers, traces, audit log. Settings
    stay."""
    settings = load({"home": home}).settings
    with _alone(settings):
        there = [path for name in DATA if (path := settings.home / name).exists()]
        if there and not yes:
            typer.confirm(f"Delete all data of {settings.home}?", abort=True, err=True)
        for path in there:
            _delete(path)
    show_record({"home": settings.home, "deleted": [path.name for path in there]}, as_json=as_json)


@contextmanager
def _alone(settings: Settings) -> Generator[None]:
    """`SetupError` while the installation runs."""
    lock = lock_home(settings.home)
    try:
        yield
    finally:
        lock.release()


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _group() -> None:
    """Keeps `admin` a group although it has one command."""
