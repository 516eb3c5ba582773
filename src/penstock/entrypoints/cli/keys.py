"""`penstock key`: manages the API keys of a project."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from penstock.entrypoints.cli import client_tokens, options
from penstock.entrypoints.cli.api import api_key, gateway_key, open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_json, show_list, show_record, show_secret
from penstock.infra.settings import load

COLUMNS = ("id", "name", "prefix", "role", "scopes", "allowed_models", "expires_at", "revoked_at")
ATTRIBUTION = "Attribution of its calls (optional)."


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "create": create,
        "list": list_keys,
        "rotate": rotate,
        "revoke": revoke,
        "show": show,
    }
    client_tokens.register(add_group(app, name, line, commands))


def create(
    name: Annotated[str, typer.Argument(help="Name of the key.")],
    *,
    role: Annotated[
        options.KeyRole | None,
        typer.Option(help="Role at the REST API. [none: the key may only call models]"),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What a key without a role may do: models:call, prompts:read, scores:write"
            " (repeatable). [models:call]"
        ),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Allowed model or pattern (repeatable). [all]")
    ] = None,
    expires_in_days: Annotated[
        float | None, typer.Option(min=0, help="Days until it expires. [never]")
    ] = None,
    team: Annotated[str, typer.Option(help=ATTRIBUTION)] = "",
    user: Annotated[str, typer.Option(help=ATTRIBUTION)] = "",
    use_case: Annotated[str, typer.Option(help=ATTRIBUTION)] = "",
    environment: Annotated[str, typer.Option(help=ATTRIBUTION)] = "",
    segment: Annotated[str, typer.Option(help=ATTRIBUTION)] = "",
    tag: Annotated[
        list[str] | None, typer.Option(help="Tag of its calls, as KEY=VALUE (repeatable).")
    ] = None,
    priority: Annotated[
        options.KeyPriority,
        typer.Option(help="Priority of its calls where they wait for a provider."),
    ] = "normal",
    strict_hints: Annotated[
        bool,
        typer.Option(
            "--strict-hints",
            help="Reject hints that the provider does not have (seed, user …), in place of leaving"
            " them out.",
        ),
    ] = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Create an API key. Its secret is shown only once."""
    body = {
        "name": name,
        "role": role,
        "scopes": scope or [],
        "allowed_models": model or [],
        "expires_at": _in_days(expires_in_days),
        "priority": priority,
        "strict_hints": strict_hints,
        "attributes": {
            "team": team,
            "user": user,
            "use_case": use_case,
            "environment": environment,
            "segment": segment,
        },
        "tags": {key: value for key, _, value in (text.partition("=") for text in tag or ())},
    }
    with open_api(home) as api:
        issued = api.call("POST", f"{api.project(project)}/keys", body)
    _show_issued(issued, as_json=as_json)


def list_keys(
    *,
    limit: options.Count = 100,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the project's keys, without their secrets."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/keys", limit))
    show_list(found, COLUMNS, as_json=as_json, empty="No keys yet: penstock key create NAME")


def rotate(
    key_id: str,
    *,
    overlap_hours: Annotated[
        float, typer.Option(min=0, help="How long the old secret stays valid.")
    ] = 24.0,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Create a new secret for a key. The old one stays valid for the overlap."""
    overlap_s = round(overlap_hours * 3600)
    with open_api(home) as api:
        path = f"{api.project(project)}/keys/{key_id}/rotate"
        issued = api.call("POST", path, {"overlap_s": overlap_s})
    _show_issued(issued, as_json=as_json)


def revoke(
    key_id: str,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Revoke a key permanently."""
    with open_api(home) as api:
        revoked = api.call("DELETE", f"{api.project(project)}/keys/{key_id}")
    show_record(revoked, as_json=as_json)


def show(
    *,
    admin: Annotated[
        bool,
        typer.Option(
            "--admin", help="Print the command line's key instead: it has all permissions."
        ),
    ] = False,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Print the application key from the first start. It may only call models."""
    settings = load({"home": home}).settings
    secret = api_key(settings) if admin else gateway_key(settings)
    if as_json:
        show_json({"api_key": secret})
    else:
        typer.echo(secret)


def _in_days(days: float | None) -> str | None:
    return None if days is None else (datetime.now(UTC) + timedelta(days=days)).isoformat()


def _show_issued(issued: dict[str, Any], *, as_json: bool) -> None:
    show_secret(
        issued,
        {"secret": issued["secret"], **issued["key"]},
        note="Copy the secret now: it is not shown again.",
        as_json=as_json,
    )
