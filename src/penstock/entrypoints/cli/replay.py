"""`penstock replay`: the request of a recorded call, built again, and sent again."""

from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.output import marked, show_list, show_record

_COLUMNS: Final = ("", "before", "after")
_COMPARED: Final = (
    *("status", "provider", "model", "finish_reasons", "input_tokens", "output_tokens"),
    *("cost", "duration_ms", "ttft_ms", "trace_id"),
)
_TIMEOUT_S: Final = 900.0  # of a call that is sent again, as in the gateway


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command."""
    app.command(name, help=line)(replay)


def replay(
    span: Annotated[str, typer.Argument(help="Span of a call or attempt, or a trace of one call.")],
    *,
    send: Annotated[bool, typer.Option("--send", help="Send it again, and compare.")] = False,
    key: Annotated[
        str, typer.Option(metavar="ID", help="Key that sends it: its limits and budgets hold.")
    ] = "",
    model: Annotated[
        str, typer.Option(help="Model or route to send it to. [the target of the call]")
    ] = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Build the request of a recorded call again, exactly as it was sent."""
    if send and not key:
        raise typer.BadParameter("name the key that sends it", param_hint="--key")
    if (key or model) and not send:
        raise typer.BadParameter("it is for --send", param_hint="--key" if key else "--model")
    with open_api(home) as api:
        path = f"{api.project(project)}/replays/{span}"
        if send:
            body = {"key_id": key, "model": model}
            found = api.call("POST", path, body, timeout_s=_TIMEOUT_S)
        else:
            found = api.call("GET", path)
    if as_json:
        show_record(found, as_json=True)
    elif send:
        _show_answers(found)
    else:
        _show_request(found)


def _show_request(found: dict[str, Any]) -> None:
    shown = (
        "span_id",
        "provider",
        "model",
        "method",
        "url",
        "headers",
        "changes",
        "digest",
        "codec",
    )
    facts = {name: found[name] for name in shown}
    show_record(facts | {"cached": "yes" if found["cached"] else ""}, as_json=False)
    typer.echo()
    typer.echo(found["body"] or found["body_base64"])


def _show_answers(found: dict[str, Any]) -> None:
    before, after = found["before"], found["after"]
    rows = [
        {"": name, "before": _shown(before[name]), "after": _shown(after[name])}
        for name in _COMPARED
    ]
    show_list(rows, _COLUMNS, as_json=False, empty="")
    same = before["request_digest"] == after["request_digest"]
    typer.echo(f"\nThe provider got {'the same' if same else 'another'} request.")
    if "tool_calls" in found["differs"]:
        typer.echo(
            f"Tool calls before: {before['tool_calls']}\nTool calls after:  {after['tool_calls']}"
        )
    typer.echo()
    typer.echo("".join(marked(piece) for piece in found["text"]) or "The answers have no text.")


def _shown(value: object) -> object:
    return round(value) if isinstance(value, float) else value
