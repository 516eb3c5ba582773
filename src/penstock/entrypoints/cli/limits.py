"""`penstock limit`: limits and budgets of a project."""

from typing import Annotated, Any, Final, Literal

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.options import conditions
from penstock.entrypoints.cli.output import show_list, show_record
from penstock.kernel.errors import NotFound

COLUMNS: Final = ("name", "measure", "amount", "window", "only", "per", "used", "left")
COUNTERS: Final = ("values", "used", "reserved", "left", "at_end", "used_up_at")
NO_COUNTERS: Final = "No recorded call has used this limit yet."
NONE_YET: Final = "No limits yet: penstock limit add NAME --spend 100 --window month"

Policy = Annotated[str, typer.Option(metavar="reject|admit")]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "add": add,
        "list": list_limits,
        "show": show,
        "counters": counters,
        "change": change,
        "remove": remove,
    }
    add_group(app, name, line, commands)


def add(
    name: Annotated[str, typer.Argument(help="Name, which callers read in errors.")],
    *,
    requests: Annotated[int | None, typer.Option(help="Calls in a window.")] = None,
    tokens: Annotated[int | None, typer.Option(help="Tokens in a window.")] = None,
    spend: Annotated[str | None, typer.Option(metavar="USD", help="Cost in a window.")] = None,
    concurrency: Annotated[int | None, typer.Option(help="Open calls.")] = None,
    window: Annotated[
        str | None, typer.Option(help="second, minute, hour, day, week or month.")
    ] = None,
    time_zone: Annotated[
        str, typer.Option(help="Where days, weeks and months begin, such as Europe/Berlin.")
    ] = "UTC",
    only: options.Condition = None,
    per: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIMENSION",
            help="Count each value on its own: key, user, team, model … (repeatable).",
        ),
    ] = None,
    unpriced: Policy = "reject",
    unavailable: Policy = "reject",
    over: Annotated[
        Literal["admit", "cut"],
        typer.Option(help="Streams that pass it: counted and named, or cut with an error."),
    ] = "admit",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add a limit or a budget. Calls follow it from now on."""
    amounts = {
        "requests": requests,
        "tokens": tokens,
        "spend": spend,
        "concurrency": concurrency,
    }
    given = {measure: amount for measure, amount in amounts.items() if amount is not None}
    if len(given) != 1:
        raise typer.BadParameter(
            "give one of --requests, --tokens, --spend, --concurrency", param_hint="limit"
        )
    ((measure, amount),) = given.items()
    body: dict[str, Any] = {
        "name": name,
        "measure": measure,
        "amount": str(amount),
        "window": window,
        "time_zone": time_zone,
        "only": conditions(only),
        "per": per or [],
        "unpriced": unpriced,
        "unavailable": unavailable,
        "over": over,
    }
    with open_api(home) as api:
        done = api.call("POST", f"{api.project(project)}/limits", body)
    show_record(done if as_json else _row(done), as_json=as_json)


def list_limits(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the limits of the project, with what is used now."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/limits"))
    show_list(found if as_json else map(_row, found), COLUMNS, as_json=as_json, empty=NONE_YET)


def show(
    name: Annotated[str, typer.Argument(help="Name or id from `penstock limit list`.")],
    value: Annotated[
        list[str] | None,
        typer.Argument(help="Values of the counter to show, one for each dimension of `per`."),
    ] = None,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show a limit and what is used of it."""
    with open_api(home) as api:
        found = api.get(_path(api, project, name), value=value or None)
    show_record(found if as_json else _row(found), as_json=as_json)


def counters(
    name: Annotated[str, typer.Argument(help="Name or id from `penstock limit list`.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the counters of the values that have used most in this window."""
    with open_api(home) as api:
        found = list(api.items(f"{_path(api, project, name)}/counters"))
    rows = [{"values": one["values"], **_use(one["use"])} for one in found]
    show_list(found if as_json else rows, COUNTERS, as_json=as_json, empty=NO_COUNTERS)


def change(
    name: Annotated[str, typer.Argument(help="Name or id from `penstock limit list`.")],
    *,
    amount: Annotated[str | None, typer.Option(help="New amount.")] = None,
    rename: Annotated[str | None, typer.Option(help="New name.")] = None,
    only: options.Condition = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Change a limit. What has been used stays."""
    body: dict[str, Any] = {"amount": amount, "name": rename}
    body |= {"only": conditions(only)} if only else {}
    with open_api(home) as api:
        given = {field: each for field, each in body.items() if each is not None}
        done = api.call("PATCH", _path(api, project, name), given)
    show_record(done if as_json else _row(done), as_json=as_json)


def remove(
    name: Annotated[str, typer.Argument(help="Name or id from `penstock limit list`.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove a limit."""
    with open_api(home) as api:
        api.call("DELETE", _path(api, project, name))
    show_record({"removed": name}, as_json=as_json)


def _path(api: Api, project: str | None, name: str) -> str:
    path = f"{api.project(project)}/limits"
    for limit in api.items(path):
        if name in (limit["id"], limit["name"]):
            return f"{path}/{limit['id']}"
    raise NotFound(f"This project has no limit {name!r}.", hint="List them: penstock limit list")


def _row(limit: dict[str, Any]) -> dict[str, Any]:
    only = [f"{name}={value}" for name, values in limit["only"].items() for value in values]
    return limit | {"only": only, "use": None} | _use(limit["use"] or {})


def _use(use: dict[str, Any]) -> dict[str, Any]:
    forecast: dict[str, Any] = use.get("forecast") or {}
    return {
        "used": use.get("used"),
        "reserved": use.get("reserved"),
        "left": use.get("left"),
        "resets_at": use.get("resets_at"),
        "at_end": forecast.get("at_end"),
        "used_up_at": forecast.get("used_up_at"),
    }
