"""`penstock audit`: who changed what, and whether the log is as it was written."""

import sys
from typing import Annotated, Any

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.output import show_json, show_list

COLUMNS = ("sequence", "at", "actor_label", "action", "subject", "before", "after")
Instance = Annotated[
    bool, typer.Option("--instance", help="The instance's own log, which belongs to no project.")
]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the group."""
    group = typer.Typer(help=line, no_args_is_help=True)
    group.command("list")(list_events)
    group.command("verify")(verify)
    group.command("export")(export)
    app.add_typer(group, name=name)


def list_events(
    *,
    limit: options.Count = 50,
    instance: Instance = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Audit events, newest first."""
    with open_api(home) as api:
        found = list(api.items(_log(api, project, instance=instance), limit))
    show_list(found, COLUMNS, as_json=as_json, empty="No events yet.")


def verify(
    *,
    project: Annotated[str | None, typer.Option("--project", help="This one's log only.")] = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Verify every log against its hashes, its seals and the checkpoint; exit code 1 if one is
    not as it was written."""
    with open_api(home) as api:
        report = api.get(f"{_log(api, project, instance=project is None)}/verify")
    if as_json:
        show_json(report)
    else:
        for chain in report["chains"]:
            typer.echo(_verdict(chain))
    if not report["ok"]:
        raise typer.Exit(1)


def export(
    *,
    instance: Instance = False,
    project: options.ProjectId = None,
    home: options.Home = None,
) -> None:
    """Write the log as JSON lines, oldest first, with what others need to verify it."""
    with open_api(home) as api:
        answer = api.fetch("GET", f"{_log(api, project, instance=instance)}/export")
        sys.stdout.buffer.write(api.content(answer))


def _log(api: Api, project: str | None, *, instance: bool) -> str:
    return "/api/v1/audit" if instance else f"{api.project(project)}/audit"


def _verdict(chain: dict[str, Any]) -> str:
    name = chain["project_id"] or "instance"
    if chain["ok"]:
        return f"{name}: {chain['event_count']} events as they were written, head {chain['head']}"
    breach = chain["breach"]
    return f"{name}: BROKEN at event {breach['sequence']}: {breach['reason']}"
