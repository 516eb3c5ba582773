"""`penstock key`: virtual keys of a project."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import api_key, gateway_key, open_api
from penstock.entrypoints.cli.output import show_json, show_list, show_record
from penstock.infra.settings import load

COLUMNS = ("id", "name", "prefix", "role", "allowed_models", "expires_at", "revoked_at")


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the group."""
    group = typer.Typer(help=line, no_args_is_help=True)
    for command, run in (
        ("create", create),
        ("list", list_keys),
        ("rotate", rotate),
        ("revoke", revoke),
        ("show", show),
    ):
        group.command(command)(run)
    app.add_typer(group, name=name)


def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    *,
    role: Annotated[
        Literal["viewer", "editor", "admin"] | None,
        typer.Option(help="What it may do at the REST API besides calling models. [nothing]"),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Allowed model or pattern (repeat); none: all.")
    ] = None,
    expires_in_days: Annotated[
        float | None, typer.Option(min=0, help="Never, unless told.")
    ] = None,
    team: Annotated[str, typer.Option(help="Who spends.")] = "",
    user: str = "",
    use_case: str = "",
    environment: str = "",
    segment: str = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Make a key. Its secret is printed this once."""
    body = {
        "name": name,
        "role": role,
        "allowed_models": model or [],
        "expires_at": _in_days(expires_in_days),
        "attributes": {
            "team": team,
            "user": user,
            "use_case": use_case,
            "environment": environment,
            "segment": segment,
        },
    }
    with open_api(home) as api:
        made = api.call("POST", f"{api.project(project)}/keys", body)
    _tell(made, as_json=as_json)


def list_keys(
    *,
    limit: options.Count = 100,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """The project's keys, without their secrets."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/keys", limit))
    show_list(found, COLUMNS, as_json=as_json, empty="No keys yet: penstock key create NAME")


def rotate(
    key_id: str,
    *,
    overlap_hours: Annotated[
        float, typer.Option(min=0, help="How long the old secret still works.")
    ] = 24.0,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Give a key a new secret; the old one works on for a while."""
    overlap_s = round(overlap_hours * 3600)
    with open_api(home) as api:
        path = f"{api.project(project)}/keys/{key_id}/rotate"
        made = api.call("POST", path, {"overlap_s": overlap_s})
    _tell(made, as_json=as_json)


def revoke(
    key_id: str,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Stop a key for good."""
    with open_api(home) as api:
        gone = api.call("DELETE", f"{api.project(project)}/keys/{key_id}")
    show_record(gone, as_json=as_json)


def show(
    *,
    admin: Annotated[
        bool,
        typer.Option("--admin", help="The command line's own key, which may do everything."),
    ] = False,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """The first start's key for applications: it calls models and nothing else."""
    settings = load({"home": home}).settings
    secret = api_key(settings) if admin else gateway_key(settings)
    if as_json:
        show_json({"api_key": secret})
    else:
        typer.echo(secret)


def _in_days(days: float | None) -> str | None:
    return None if days is None else (datetime.now(UTC) + timedelta(days=days)).isoformat()


def _tell(made: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(made)
        return
    show_record({"secret": made["secret"], **made["key"]}, as_json=False)
    typer.echo("Keep the secret now: it cannot be shown again.", err=True)
