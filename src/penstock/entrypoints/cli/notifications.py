"""`penstock notifications`: your inbox."""

from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record
from penstock.kernel.errors import InvalidRequest

PATH: Final = "/api/v1/notifications"
COLUMNS: Final = ("at", "actor", "what", "read", "id")
NONE_YET: Final = "Nothing new."


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    add_group(app, name, line, {"list": list_notifications, "read": mark_read})


def list_notifications(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Those that are read, too. [only unread ones]")
    ] = False,
    limit: options.Count = 20,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List your notifications, newest first."""
    with open_api(home) as api:
        found = api.get(PATH, limit=limit, unread=not everything)["items"]
    rows = found if as_json else [_shown(each) for each in found]
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def mark_read(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids from `penstock notifications list`.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that there are now.")] = False,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Mark notifications as read."""
    if bool(ids) == everything:
        raise InvalidRequest("Name notifications, or use --all.")
    with open_api(home) as api:
        done = api.call("POST", f"{PATH}/mark", _which(api, ids or []))
    show_record(done, as_json=as_json)


def _which(api: Api, ids: list[str]) -> dict[str, Any]:
    """The notifications to mark: those named, or all up to the newest one."""
    if ids:
        return {"ids": ids}
    newest = api.get(PATH, limit=1)["items"]
    return {"until": newest[0]["id"] if newest else "evt_"}


def _shown(found: dict[str, Any]) -> dict[str, Any]:
    """The row of a notification, as users read it: without what moves a terminal's cursor."""
    said = " ".join(found["quote"].split())
    quote = "".join(each for each in said if each.isprintable())
    return found | {"what": found["sentence"] + (f" “{quote}”" if quote else "")}
