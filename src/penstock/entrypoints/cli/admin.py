"""`penstock admin reset` and `penstock reset`: maintenance of a stopped installation."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import typer
from msgspec.structs import asdict

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.output import show_record
from penstock.infra.home import Home
from penstock.infra.home_lock import lock_home
from penstock.infra.settings import load
from penstock.infra.settings_tree import Settings
from penstock.kernel.time import SystemClock


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command `admin` or `reset`."""
    if name == "reset":
        app.command(name, help=line)(reset)
        return
    group = typer.Typer(help=line, no_args_is_help=True)
    group.command("reset")(reset_admin)
    group.callback()(_group)
    app.add_typer(group, name=name)


def reset_admin(*, home: options.Home = None, as_json: options.Json = False) -> None:
    """Reset the first admin's password and key. Stores both in bootstrap.json, too. Run it while
    the installation is stopped."""
    from penstock.entrypoints.server.composition import open_database  # lazy: SQLAlchemy, 250 ms
    from penstock.entrypoints.server.config import ServerConfig  # lazy: the same
    from penstock.features.identity.assembly import Identity, open_master_key  # lazy: the same

    settings = load({"home": home}).settings
    with _exclusive(settings):
        config = ServerConfig(
            str(settings.home), database_url=settings.server.database_url.get_secret_value()
        )
        database = open_database(config)
        try:
            master_key = open_master_key(settings.home, database)
            identity = Identity(
                settings.home, database, master_key, clock=SystemClock(), random_bytes=os.urandom
            )
            credentials = identity.bootstrap.reset_admin()
        finally:
            database.close()
    show_record(asdict(credentials), as_json=as_json)


def reset(
    *,
    yes: options.Yes = False,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Delete all data of this installation: projects, keys, providers, traces, audit log. Keeps the
    settings. Run it while the installation is stopped."""
    settings = load({"home": home}).settings
    with _exclusive(settings):
        existing = [path for path in Home(settings.home).data if path.exists()]
        if existing and not yes:
            typer.confirm(f"Delete all data of {settings.home}?", abort=True, err=True)
        for path in existing:
            _delete(path)
    show_record(
        {"home": settings.home, "deleted": [path.name for path in existing]}, as_json=as_json
    )


@contextmanager
def _exclusive(settings: Settings) -> Generator[None]:
    """Locks the home. Raises `SetupError` if the installation runs."""
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
    """Makes `admin` a group although it has only one command."""
