"""`penstock audit`: lists, verifies and exports the audit log."""

import sys
from typing import Annotated, Any

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_json, show_list

COLUMNS = ("sequence", "at", "actor_label", "action", "subject", "before", "after")
Instance = Annotated[
    bool, typer.Option("--instance", help="The log of the instance instead of a project's log.")
]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {"list": list_events, "verify": verify, "export": export}
    add_group(app, name, line, commands)


def list_events(
    *,
    limit: options.Count = 50,
    instance: Instance = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List audit events, newest first."""
    with open_api(home) as api:
        found = list(api.items(_log(api, project, instance=instance), limit))
    show_list(found, COLUMNS, as_json=as_json, empty="No audit events yet.")


def verify(
    *,
    project: Annotated[
        str | None, typer.Option("--project", help="Verify only the log of this project.")
    ] = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Verify every log against its hashes, seals and checkpoint. Exits with 1 if a log was
    modified."""
    with open_api(home) as api:
        report = api.get(f"{_log(api, project, instance=project is None)}/verify")
    if as_json:
        show_json(report)
    else:
        for chain in report["chains"]:
            typer.echo(_result(chain))
    if not report["ok"]:
        raise typer.Exit(1)


def export(
    *,
    instance: Instance = False,
    project: options.ProjectId = None,
    home: options.Home = None,
) -> None:
    """Write the log as JSON lines to standard output, oldest first, with all that is needed to
    verify it elsewhere."""
    with open_api(home) as api:
        answer = api.fetch("GET", f"{_log(api, project, instance=instance)}/export")
        sys.stdout.buffer.write(api.content(answer))


def _log(api: Api, project: str | None, *, instance: bool) -> str:
    return "/api/v1/audit" if instance else f"{api.project(project)}/audit"


def _result(chain: dict[str, Any]) -> str:
    name = chain["project_id"] or "instance"
    if chain["ok"]:
        return f"{name}: {chain['event_count']} events, unmodified, head {chain['head']}"
    breach = chain["breach"]
    return f"{name}: MODIFIED at event {breach['sequence']}: {breach['reason']}"
