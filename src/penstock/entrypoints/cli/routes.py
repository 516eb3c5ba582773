"""`penstock route`: names that stand for several models."""

from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record
from penstock.entrypoints.cli.target_conditions import condition_text, with_conditions
from penstock.kernel.errors import NotFound

COLUMNS: Final = ("name", "version", "strategy", "targets", "max_attempts", "updated_at")
NONE_YET: Final = "No routes yet: penstock route set NAME --target PROVIDER/MODEL"


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {"set": set_route, "list": list_routes, "show": show, "remove": remove}
    add_group(app, name, line, commands)


def set_route(
    name: Annotated[str, typer.Argument(help="Name that callers send as `model`.")],
    *,
    target: Annotated[
        list[str],
        typer.Option(
            metavar="PROVIDER/MODEL[=WEIGHT]", help="Target with its share (repeatable). [1]"
        ),
    ],
    fallback: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROVIDER/MODEL",
            help="Target for calls that the others cannot answer, in this order (repeatable).",
        ),
    ] = None,
    after: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CAUSE=PROVIDER/MODEL",
            help="Target only for failures of a cause, such as context_length (repeatable).",
        ),
    ] = None,
    when: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROVIDER/MODEL=WHAT:VALUE[,VALUE]",
            help="Use a target only for calls with one of these values. WHAT is language, code, "
            "media, min_tokens, max_tokens, header.NAME, tag.NAME, or an attribute such as team "
            "(repeatable).",
        ),
    ] = None,
    strategy: Annotated[
        str,
        typer.Option(
            help="weighted, least_busy, lowest_latency, lowest_cost, lowest_usage or sticky."
        ),
    ] = "weighted",
    attempts: Annotated[int, typer.Option(help="Attempts of a call, with the first one.")] = 3,
    first_token_timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Until a stream has content. [no limit]")
    ] = 0,
    total_timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="For all attempts together. [no limit]")
    ] = 0,
    health_check: Annotated[
        str,
        typer.Option(
            metavar="HOW[=SECONDS]",
            help="Check targets without calls: models (their list) or call (a few tokens). [none]",
        ),
    ] = "",
    hedge: Annotated[
        str,
        typer.Option(
            metavar="PERCENT[=SECONDS]",
            help="Ask a second target for so many of the streams, if the first one is silent for "
            "so long or for longer than usual. [none]",
        ),
    ] = "0",
    shadow: Annotated[
        str,
        typer.Option(
            metavar="PERCENT=PROVIDER/MODEL",
            help="Send so many of the calls to another model as well, in the background. [none]",
        ),
    ] = "",
    shadow_calls: Annotated[
        int, typer.Option(help="Shadow calls at once, in each gateway worker.")
    ] = 4,
    cache: Annotated[
        int, typer.Option(metavar="SECONDS", help="Cache the answers of its calls. [0: not]")
    ] = 0,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add a route, or replace it. Calls follow it from now on."""
    targets = [
        *map(_weighted, target),
        *(_target(each) | {"priority": at} for at, each in enumerate(fallback or (), 1)),
        *map(_for_cause, after or ()),
    ]
    body: dict[str, Any] = {
        "targets": with_conditions(targets, when or ()),
        "strategy": strategy,
        "max_attempts": attempts,
        "first_token_timeout_ms": round(first_token_timeout * 1000),
        "total_timeout_ms": round(total_timeout * 1000),
        **_health_check(health_check),
        **_hedge(hedge),
        **_shadow(shadow, shadow_calls),
        "cache_s": cache,
    }
    with open_api(home) as api:
        path = f"{api.project(project)}/routes"
        try:
            done = api.call("PUT", f"{path}/{name}", body)
        except NotFound:
            done = api.call("POST", path, body | {"name": name})
    show_record(done if as_json else _row(done), as_json=as_json)


def list_routes(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the routes of the project."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/routes"))
    rows = found if as_json else map(_row, found)
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def show(
    name: Annotated[str, typer.Argument(help="Name from `penstock route list`.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show a route."""
    with open_api(home) as api:
        found = api.get(f"{api.project(project)}/routes/{name}")
    show_record(found if as_json else _row(found), as_json=as_json)


def remove(
    name: Annotated[str, typer.Argument(help="Name from `penstock route list`.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove a route. Calls that name it fail from then on."""
    with open_api(home) as api:
        api.call("DELETE", f"{api.project(project)}/routes/{name}")
    show_record({"removed": name}, as_json=as_json)


def _target(text: str, option: str = "--fallback") -> dict[str, Any]:
    provider, slash, model = text.partition("/")
    if not slash or not model:
        raise typer.BadParameter(f"{text!r} is not valid: write PROVIDER/MODEL", param_hint=option)
    return {"provider": provider, "model": model}


def _weighted(text: str) -> dict[str, Any]:
    name, equals, weight = text.rpartition("=")
    if not equals:
        return _target(text, "--target")
    if not weight.isdecimal():
        raise typer.BadParameter(
            f"{text!r} is not valid: write PROVIDER/MODEL=WEIGHT", param_hint="--target"
        )
    return _target(name, "--target") | {"weight": int(weight)}


def _health_check(text: str) -> dict[str, Any]:
    how, equals, seconds = text.partition("=")
    if equals and not seconds.isdecimal():
        raise typer.BadParameter(
            f"{text!r} is not valid: write HOW=SECONDS, such as models=30",
            param_hint="--health-check",
        )
    return {"health_check": how} | ({"health_check_s": int(seconds)} if equals else {})


def _hedge(text: str) -> dict[str, Any]:
    percent, equals, seconds = text.partition("=")
    try:
        after_ms = round(float(seconds) * 1000) if equals else 0
        return {"hedge_percent": int(percent), "hedge_after_ms": after_ms}
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is not valid: write PERCENT=SECONDS, such as 5=1.5", param_hint="--hedge"
        ) from None


def _shadow(text: str, max_calls: int) -> dict[str, Any]:
    if not text:
        return {}
    percent, _, name = text.partition("=")
    try:
        share = float(percent)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not valid: write PERCENT=PROVIDER/MODEL", param_hint="--shadow"
        ) from None
    return {"shadow": {**_target(name, "--shadow"), "percent": share, "max_calls": max_calls}}


def _for_cause(text: str) -> dict[str, Any]:
    cause, equals, name = text.partition("=")
    if not equals:
        raise typer.BadParameter(
            f"{text!r} is not valid: write CAUSE=PROVIDER/MODEL", param_hint="--after"
        )
    return _target(name, "--after") | {"after": [cause]}


def _row(route: dict[str, Any]) -> dict[str, Any]:
    return route | {"targets": [_shown(each) for each in route["targets"]]}


def _shown(target: dict[str, Any]) -> str:
    """`sim/sim-small=3`, `azure/gpt (fallback 1)`, `big/model (after context_length)`."""
    text = f"{target['provider']}/{target['model']}"
    if target["weight"] != 1:
        text += f"={target['weight']}"
    if target["when"]:
        text += f" (when {condition_text(target['when'])})"
    if target["after"]:
        return f"{text} (after {' or '.join(target['after'])})"
    return f"{text} (fallback {target['priority']})" if target["priority"] else text
