"""`penstock project`: the isolation boundaries of this installation."""

from typing import Annotated, Literal

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.output import show_list, show_record

COLUMNS = ("id", "name", "on_spool_full", "capture_content", "created_at")


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the group."""
    group = typer.Typer(help=line, no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_projects)
    group.command("change")(change)
    app.add_typer(group, name=name)


def create(
    name: str,
    *,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Make a project. It has no members yet: `penstock member invite` with its id."""
    with open_api(home) as api:
        made = api.call("POST", "/api/v1/projects", {"name": name})
    show_record(made, as_json=as_json)


def list_projects(*, home: options.Home = None, as_json: options.Json = False) -> None:
    """The projects that the key can see."""
    with open_api(home) as api:
        found = list(api.items("/api/v1/projects"))
    show_list(found, COLUMNS, as_json=as_json, empty="No projects yet.")


def change(
    *,
    name: Annotated[str | None, typer.Option(help="Its new name.")] = None,
    on_spool_full: Annotated[
        Literal["refuse", "serve"] | None,
        typer.Option(help="When call records find no room: refuse calls, or serve and count."),
    ] = None,
    capture_content: Annotated[
        bool | None, typer.Option(help="Whether prompts and answers are recorded.")
    ] = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Rename a project, or change what it wants where there is a choice."""
    wish = {"name": name, "on_spool_full": on_spool_full, "capture_content": capture_content}
    with open_api(home) as api:
        stated = {key: value for key, value in wish.items() if value is not None}
        changed = api.call("PATCH", api.project(project), stated)
    show_record(changed, as_json=as_json)
