"""`penstock explain`: what would this request do."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.output import show_list, show_record

_PATH: Final = "/v1/chat/completions"
_TARGETS: Final = ("target", "dialect", "tried", "in progress", "tokens", "cost", "problem")
_LIMITS: Final = ("name", "measure", "values", "reserves", "left", "fits")


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command."""
    app.command(name, help=line)(explain)


def explain(
    model: Annotated[str, typer.Argument(help="Model or route, as applications send it.")],
    *,
    text: Annotated[str, typer.Option(help="Text of the user's message.")] = "Hello",
    file: Annotated[
        Path | None, typer.Option(help="JSON body of the request, in place of --text.")
    ] = None,
    path: Annotated[str, typer.Option(help="Path of the gateway.")] = _PATH,
    header: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Header of the request (repeatable)."),
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Call attribute, such as team=search."),
    ] = None,
    key: Annotated[str, typer.Option(metavar="ID", help="Key that sends it. [any]")] = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Explain what a request would do, without sending it to a provider."""
    body: dict[str, Any] = {"messages": [{"role": "user", "content": text}]}
    if file is not None:
        body = options.json_object(file)
    request = {
        "path": path,
        "body": body | {"model": model},
        "headers": _pairs(header, "--header"),
        "attributes": _pairs(attribute, "--attribute"),
        "key_id": key,
    }
    with open_api(home) as api:
        found = api.call("POST", f"{api.project(project)}/dry-run", request)
    if as_json:
        show_record(found, as_json=True)
        return
    _show(found)


def _show(found: dict[str, Any]) -> None:
    rejection: dict[str, Any] = found["rejection"] or {}
    cache: dict[str, Any] = found["cache"] or {}
    show_record(
        {
            "model": found["model"],
            "route": found["route"] and f"{found['route']} (version {found['route_version']})",
            "strategy": found["strategy"],
            "priority": found["call_priority"],
            "shadow": found["shadow"],
            "shadow of rollout": _rollout_shadow(found["rollout_shadow"] or {}),
            "not for this call": found["not_for_call"],
            "guardrails": [each["name"] for each in found["guardrails"]],
            "findings": [
                f"{each['detector']}:{each['place']}:{each['action']} ({each['count']})"
                for each in found["findings"]
            ],
            "cache": "hit" if cache.get("hit") else "asked" if cache.get("looked_up") else "",
            "rejected": f"{rejection['status']} {rejection['code']}: {rejection['message']}"
            if rejection
            else "",
            "hint": rejection.get("hint", ""),
        },
        as_json=False,
    )
    rows = map(_target, found["targets"])
    show_list(rows, _TARGETS, as_json=False, empty="It would reach no target.")
    show_list(found["limits"], _LIMITS, as_json=False, empty="No limit counts it.")


def _target(target: dict[str, Any]) -> dict[str, Any]:
    tried = "yes" if target["reached"] and target["admits"] else "no"
    if target["after"]:
        tried = f"after {' or '.join(target['after'])}"
    return {
        "target": f"{target['provider']}/{target['model']}",
        "dialect": target["dialect"],
        "in progress": _in_progress(target),
        "tried": tried,
        "tokens": f"{target['input_tokens']} in, up to {target['output_tokens']} out",
        "cost": f"up to {target['cost']}" if target["cost"] else "unpriced",
        "problem": target["problem"] and target["problem"]["message"],
    }


def _rollout_shadow(shadow: dict[str, Any]) -> str:
    """`10 % to 3f2a90bc12de, 3.2 of 5 USD left today`."""
    if not shadow:
        return ""
    left = f"{shadow['left']} of {shadow['usd_per_day']} USD left today"
    if not shadow["left"]:
        left = "the counters of its budget are away: none is sent"
    return f"{shadow['percent']:g} % to {shadow['release'][:12]}, {left}"


def _in_progress(target: dict[str, Any]) -> str:
    """`3 of 4, 2 wait`."""
    if not target["max_calls"]:
        return ""
    waiting = f", {target['waiting']} wait" if target["waiting"] else ""
    return f"{target['calls']} of {target['max_calls']}{waiting}"


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{text!r} is not valid: write NAME=VALUE", param_hint=option)
        found[name] = value
    return found
