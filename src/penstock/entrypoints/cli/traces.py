"""`penstock traces`: the calls that went through the gateway."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.output import show_json, show_list
from penstock.entrypoints.cli.trace_view import call_line, show_trace

COLUMNS = ("start", "trace_id", "model", "status", "tokens", "cost", "duration", "input")
_POLL_S: Final = 0.5

Several = list[str] | None
Model = Annotated[Several, typer.Option(help="Called model (repeat: any of them).")]
Errors = Annotated[bool, typer.Option("--errors", help="Only what did not succeed.")]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the group."""
    group = typer.Typer(help=line, no_args_is_help=True)
    group.command("list")(list_traces)
    group.command("show")(show)
    group.command("tail")(tail)
    app.add_typer(group, name=name)


def list_traces(
    *,
    hours: Annotated[float, typer.Option(min=0, help="How far back.")] = 24.0,
    model: Model = None,
    provider: Several = None,
    status: Annotated[Several, typer.Option(help="ok, error, cancelled, interrupted.")] = None,
    team: Several = None,
    user: Several = None,
    use_case: Several = None,
    environment: Several = None,
    search: Annotated[str | None, typer.Option(help="Occurs in input or output.")] = None,
    errors: Errors = False,
    limit: options.Count = 50,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Calls, newest first."""
    query = {
        "from": (datetime.now(UTC) - timedelta(hours=hours)).isoformat(),
        "model": model,
        "provider": provider,
        "status": status,
        "team": team,
        "user": user,
        "use_case": use_case,
        "environment": environment,
        "q": search,
        "errors_only": errors or None,
        "project_id": project,
    }
    with open_api(home) as api:
        found = list(api.items("/api/v1/traces", limit, **query))
    rows = found if as_json else map(call_line, found)
    show_list(rows, COLUMNS, as_json=as_json, empty="No calls yet: `penstock demo` makes some.")


def show(
    trace_id: str,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """One trace: its spans, messages, usage, and the cost explained."""
    with open_api(home) as api:
        trace = api.get(f"/api/v1/traces/{trace_id}", project_id=project)
    if as_json:
        show_json(trace)
    else:
        show_trace(trace)


def tail(
    *,
    last: Annotated[
        int, typer.Option("--last", "-n", min=0, max=500, help="Start with so many.")
    ] = 10,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Calls as they arrive, until Ctrl-C. With --json one document per line."""
    with open_api(home) as api:
        for call in _arriving(api, project, last):
            if as_json:
                show_json(call, lines=True)
            else:
                line = call_line(call)
                typer.echo("  ".join(str(line[column]) for column in COLUMNS))


def _arriving(api: Api, project: str | None, last: int) -> Iterator[dict[str, Any]]:
    page = api.get("/api/v1/traces/tail", project_id=project, limit=max(last, 1))
    yield from page["items"][-last:] if last else ()
    while True:
        cursor = page["next_cursor"]
        page = api.get("/api/v1/traces/tail", project_id=project, limit=500, after=cursor)
        yield from page["items"]
        if not page["items"]:
            time.sleep(_POLL_S)
