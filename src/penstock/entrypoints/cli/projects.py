"""`penstock project`: creates, lists and changes projects."""

from typing import Annotated, Literal

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record

COLUMNS = ("id", "name", "on_spool_full", "capture_content", "created_at")


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {"create": create, "list": list_projects, "change": change}
    add_group(app, name, line, commands)


def create(
    name: str,
    *,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Create a project. It has no members yet: invite them with `penstock member invite`."""
    with open_api(home) as api:
        created = api.call("POST", "/api/v1/projects", {"name": name})
    show_record(created, as_json=as_json)


def list_projects(*, home: options.Home = None, as_json: options.Json = False) -> None:
    """List the projects that the key may read."""
    with open_api(home) as api:
        found = list(api.items("/api/v1/projects"))
    show_list(found, COLUMNS, as_json=as_json, empty="No projects yet.")


def change(
    *,
    name: Annotated[str | None, typer.Option(help="New name.")] = None,
    on_spool_full: Annotated[
        Literal["refuse", "serve"] | None,
        typer.Option(help="When the spool is full: refuse calls, or serve them without a record."),
    ] = None,
    capture_content: Annotated[
        bool | None, typer.Option(help="Record prompts and answers.")
    ] = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Rename a project, or change its options."""
    given = {"name": name, "on_spool_full": on_spool_full, "capture_content": capture_content}
    with open_api(home) as api:
        changes = {key: value for key, value in given.items() if value is not None}
        changed = api.call("PATCH", api.project(project), changes)
    show_record(changed, as_json=as_json)
