"""`penstock feedback`: the inbox, and public keys of web pages."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record

COLUMNS: Final = ("time", "id", "name", "value", "comment", "status", "assignee", "trace_id")
KEY_COLUMNS: Final = ("id", "name", "key", "origins", "per_minute")
NO_KEYS: Final = "No public keys yet: penstock feedback add-key NAME --origin https://…"

Status = Literal["new", "open", "resolved", "dismissed"]
Strings = list[str] | None


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "list": list_feedback,
        "handle": handle,
        "keys": list_keys,
        "add-key": add_key,
        "remove-key": remove_key,
    }
    add_group(app, name, line, commands)


def list_feedback(
    *,
    days: Annotated[float, typer.Option(min=0, help="Time range: the last days.")] = 7.0,
    status: Annotated[
        Strings, typer.Option(help="new, open, resolved, dismissed (repeatable).")
    ] = None,
    assignee: Annotated[str | None, typer.Option(help="Who works on it.")] = None,
    name: Annotated[Strings, typer.Option(help="Such as thumbs (repeatable).")] = None,
    use_case: Strings = None,
    release: Strings = None,
    prompt_version: Strings = None,
    negative: Annotated[
        bool, typer.Option("--negative", help="Only thumbs down and ratings below 3.")
    ] = False,
    search: Annotated[str | None, typer.Option(help="Text in comment or category.")] = None,
    limit: options.Count = 50,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the feedback of end users, newest first."""
    query: dict[str, Any] = {
        "from": (datetime.now(UTC) - timedelta(days=days)).isoformat(),
        "status": status,
        "assignee": assignee,
        "name": name,
        "use_case": use_case,
        "release": release,
        "prompt_version": prompt_version,
        "q": search,
        "positive": "false" if negative else None,
    }
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/feedback", limit, **query))
    show_list(found, COLUMNS, as_json=as_json, empty="No feedback found.")


def handle(
    feedback_id: Annotated[str, typer.Argument(help="Id from `penstock feedback list`.")],
    status: Status,
    *,
    assignee: Annotated[str, typer.Option(help="Who works on it.")] = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Set status and assignee of feedback."""
    body = {"status": status, "assignee": assignee}
    with open_api(home) as api:
        done = api.call("PUT", f"{api.project(project)}/feedback/{feedback_id}", body)
    show_record(done, as_json=as_json)


def list_keys(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the public keys with which web pages send feedback."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/feedback-keys"))
    show_list(found, KEY_COLUMNS, as_json=as_json, empty=NO_KEYS)


def add_key(
    name: Annotated[str, typer.Argument(help="Name of the public key.")],
    *,
    origin: Annotated[list[str], typer.Option(help="Origin of web pages, https://… (repeatable).")],
    per_minute: Annotated[int, typer.Option(min=1, help="Requests of all its users.")] = 600,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Create a public key. It is no secret, and allows feedback on answers only."""
    body = {"name": name, "origins": origin, "per_minute": per_minute}
    with open_api(home) as api:
        done = api.call("POST", f"{api.project(project)}/feedback-keys", body)
    show_record(done, as_json=as_json)


def remove_key(
    key_id: Annotated[str, typer.Argument(help="Id from `penstock feedback keys`.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Delete a public key. Pages cannot use it from now on."""
    with open_api(home) as api:
        api.call("DELETE", f"{api.project(project)}/feedback-keys/{key_id}")
    show_record({"removed": key_id}, as_json=as_json)
