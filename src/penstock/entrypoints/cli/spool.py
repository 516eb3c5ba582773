"""`penstock spool`: what was set aside on the way to the store. Works on the files of the home,
whether anything runs or not; shipping is the gateway's.
"""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.output import show_list, show_record
from penstock.infra.settings import load
from penstock.infra.spool.quarantine import REJECTED, list_quarantined, requeue
from penstock.kernel.errors import InvalidRequest, NotFound

COLUMNS = ("name", "state", "bytes", "at", "detail")
NOTHING = "Nothing was set aside."
Names = Annotated[list[str] | None, typer.Argument(help="Batches, as `spool list` names them.")]
All = Annotated[bool, typer.Option("--all", help="Every rejected batch.")]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the group."""
    group = typer.Typer(help=line, no_args_is_help=True)
    group.command("list")(list_batches)
    group.command("retry")(retry)
    app.add_typer(group, name=name)


def list_batches(*, home: options.Home = None, as_json: options.Json = False) -> None:
    """Batches that the server refused (`rejected`), damaged stretches (`corrupt`), and batches
    that wait to be shipped again (`again`)."""
    rows = [msgspec.to_builtins(one) for one in list_quarantined(_spool(home))]
    show_list(rows, COLUMNS, as_json=as_json, empty=NOTHING)


def retry(
    names: Names = None,
    *,
    every: All = False,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Ship rejected batches again, under their names: the gateway does it within seconds, or when
    it next starts. Damaged stretches hold no whole record, so there is nothing of them to ship."""
    spool = _spool(home)
    if bool(names) == every:
        raise InvalidRequest("Say which batches, or --all.", hint="`penstock spool list`")
    rejected = [one.name for one in list_quarantined(spool) if one.state == REJECTED]
    wanted = rejected if every else names or []
    if unknown := [name for name in wanted if name not in rejected]:
        raise NotFound(f"No rejected batch is named {unknown[0]}.", hint="`penstock spool list`")
    for name in wanted:
        requeue(spool, name)
    show_record({"put_back": wanted}, as_json=as_json)


def _spool(home: Path | None) -> Path:
    return load({"home": home}).settings.home / "spool"
