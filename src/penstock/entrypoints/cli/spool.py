"""`penstock spool`: lists and requeues quarantined call records.

Works on the files of the home, whether or not the installation runs. The gateway ships them.
"""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record
from penstock.infra.home import Home
from penstock.infra.settings import load
from penstock.infra.spool.quarantine import (
    QUARANTINED,
    REJECTED,
    list_quarantined,
    requeue,
)
from penstock.infra.spool.unknown import requeue_record
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.kernel.time import SystemClock, rfc3339

COLUMNS = ("name", "state", "bytes", "at", "detail")
EMPTY = "Nothing is quarantined."
Names = Annotated[list[str] | None, typer.Argument(help="Names from `penstock spool list`.")]
All = Annotated[bool, typer.Option("--all", help="All rejected batches and quarantined records.")]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {"list": list_batches, "retry": retry}
    add_group(app, name, line, commands)


def list_batches(*, home: options.Home = None, as_json: options.Json = False) -> None:
    """List batches that the server refused (`rejected`), records that it could not store
    (`quarantined`) or that are of a newer version (`unknown`), damaged parts of the spool
    (`corrupt`), and batches that wait to be sent again (`again`)."""
    rows = [msgspec.to_builtins(one) for one in list_quarantined(_spool(home))]
    show_list(rows, COLUMNS, as_json=as_json, empty=EMPTY)


def retry(
    names: Names = None,
    *,
    every: All = False,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Requeue rejected batches and quarantined records. The gateway sends the batches within
    seconds, the server stores the records within a minute, or when they next start. Damaged parts
    contain no complete record and cannot be sent."""
    spool = _spool(home)
    if bool(names) == every:
        raise InvalidRequest(
            "Name batches or records, or add --all.", hint="List them with `penstock spool list`."
        )
    states = {
        one.name: one.state
        for one in list_quarantined(spool)
        if one.state in (REJECTED, QUARANTINED)
    }
    wanted = list(states) if every else names or []
    if missing := [name for name in wanted if name not in states]:
        raise NotFound(
            f"There is no rejected batch or quarantined record {missing[0]}.",
            hint="List them with `penstock spool list`.",
        )
    for name in wanted:
        if states[name] == REJECTED:
            requeue(spool, name)
        else:
            _requeue_record(spool, name)
    show_record({"requeued": wanted}, as_json=as_json)


def _requeue_record(spool: Path, name: str) -> None:
    try:
        requeue_record(spool, name, rfc3339(SystemClock().now_ns()))
    except ValueError as error:
        raise InvalidRequest(str(error), hint="It cannot be stored.") from error


def _spool(home: Path | None) -> Path:
    return Home(load({"home": home}).settings.home).spool
