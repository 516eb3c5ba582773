"""`penstock backup` (while the server runs) and `penstock restore` (into an empty home)."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.output import show_record
from penstock.infra.settings import load

_TIMEOUT: Final = timedelta(hours=6)
Backup = Annotated[Path, typer.Argument(help="The folder that `penstock backup` wrote.")]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command `backup` or `restore`."""
    app.command(name, help=line)(backup if name == "backup" else restore)


def backup(*, home: options.Home = None, as_json: options.Json = False) -> None:
    """Write a backup of all data to the folder `backups` in the server's home, while the server
    runs. Keep it secret: it contains the master key."""
    with open_api(home) as api:
        written = api.call("POST", "/api/v1/backup", timeout_s=_TIMEOUT.total_seconds())
    show_record(written, as_json=as_json)


def restore(folder: Backup, *, home: options.Home = None, as_json: options.Json = False) -> None:
    """Restore a backup into an empty home, while nothing runs there."""
    from penstock.features.backup.restore import RestoreTarget  # lazy: SQLAlchemy, 250 ms
    from penstock.features.backup.restore import restore as restore_into  # lazy: the same

    settings = load({"home": home}).settings
    target = RestoreTarget(
        settings.home,
        database_url=settings.server.database_url.get_secret_value(),
        columns_dsn=settings.server.columns_dsn.get_secret_value(),
    )
    found = restore_into(folder.expanduser().absolute(), target)
    done = {"home": settings.home, "created_at": found.created_at, "rows": found.rows}
    show_record(done, as_json=as_json)
