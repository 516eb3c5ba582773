"""`penstock traces`: lists and shows the calls through the gateway."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_json, show_list
from penstock.entrypoints.cli.trace_view import call_line, show_trace

COLUMNS = ("start", "trace_id", "model", "status", "tokens", "cost", "duration", "input")
_POLL_S: Final = 0.5

Tags = Annotated[list[str] | None, typer.Option(help="Tag, as KEY:VALUE (repeatable).")]
Strings = list[str] | None
Model = Annotated[Strings, typer.Option(help="Called model (repeatable: any of them).")]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {"list": list_traces, "show": show, "tail": tail}
    add_group(app, name, line, commands)


def list_traces(
    *,
    hours: Annotated[float, typer.Option(min=0, help="Time range: the last hours.")] = 24.0,
    model: Model = None,
    provider: Strings = None,
    status: Annotated[Strings, typer.Option(help="ok, error, cancelled, interrupted.")] = None,
    team: Strings = None,
    user: Strings = None,
    use_case: Strings = None,
    environment: Strings = None,
    batch_id: Annotated[Strings, typer.Option(help="Batch from `penstock batch list`.")] = None,
    tag: Tags = None,
    search: Annotated[str | None, typer.Option(help="Text in input or output.")] = None,
    errors: options.Errors = False,
    limit: options.Count = 50,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List calls, newest first."""
    query = {
        "from": (datetime.now(UTC) - timedelta(hours=hours)).isoformat(),
        "model": model,
        "provider": provider,
        "status": status,
        "team": team,
        "user": user,
        "use_case": use_case,
        "environment": environment,
        "batch_id": batch_id,
        "tag": tag,
        "q": search,
        "errors_only": errors or None,
        "project_id": project,
    }
    with open_api(home) as api:
        found = list(api.items("/api/v1/traces", limit, **query))
    rows = found if as_json else map(call_line, found)
    show_list(rows, COLUMNS, as_json=as_json, empty="No calls found. `penstock demo` makes some.")


def show(
    trace_id: str,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show one trace: spans, messages, usage, cost details."""
    with open_api(home) as api:
        trace = api.get(f"/api/v1/traces/{trace_id}", project_id=project)
    if as_json:
        show_json(trace)
    else:
        show_trace(trace)


def tail(
    *,
    last: Annotated[
        int,
        typer.Option("--last", "-n", min=0, max=500, help="Number of past calls to show first."),
    ] = 10,
    tag: Tags = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show calls as they arrive, until Ctrl-C. With --json, one document per line."""
    with open_api(home) as api:
        for call in _arriving(api, project, tag, last):
            if as_json:
                show_json(call, lines=True)
            else:
                line = call_line(call)
                typer.echo("  ".join(str(line[column]) for column in COLUMNS))


def _arriving(
    api: Api, project: str | None, tag: list[str] | None, last: int
) -> Iterator[dict[str, Any]]:
    query = {"project_id": project, "tag": tag}
    page = api.get("/api/v1/traces/tail", limit=max(last, 1), **query)
    yield from page["items"][-last:] if last else ()
    while True:
        cursor = page["next_cursor"]
        page = api.get("/api/v1/traces/tail", limit=500, after=cursor, **query)
        yield from page["items"]
        if not page["items"]:
            time.sleep(_POLL_S)
