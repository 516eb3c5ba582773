"""`penstock guardrail`: which checks calls pass."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record
from penstock.kernel.errors import NotFound

COLUMNS: Final = ("name", "version", "checks", "only", "updated_at")
NONE_YET: Final = "No policies yet: penstock guardrail set NAME --check DETECTOR:PLACES:ACTION"
NO_DETECTORS: Final = "No detectors are installed."


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "set": set_policy,
        "list": list_policies,
        "show": show,
        "remove": remove,
        "detectors": detectors,
    }
    add_group(app, name, line, commands)


def set_policy(
    name: Annotated[str, typer.Argument(help="Name of the policy.")],
    *,
    check: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DETECTOR:PLACES:ACTION",
            help="A check, such as secrets:input,output:redact (repeatable).",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="JSON document with `checks` and `only`, as the REST API takes it."),
    ] = None,
    only: options.Condition = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add a guardrail policy, or replace it. Calls follow it from now on."""
    body: dict[str, Any] = {"checks": [_check(text) for text in check or ()]}
    if file is not None:
        body = _document(file)
    elif not check:
        raise typer.BadParameter("give --check or --file", param_hint="policy")
    body |= {"name": name}
    if only:
        body["only"] = options.conditions(only)
    with open_api(home) as api:
        base = f"{api.project(project)}/guardrails"
        if found := _find(api, base, name):
            done = api.call("PUT", f"{base}/{found['id']}", body)
        else:
            done = api.call("POST", base, body)
    show_record(done if as_json else _row(done), as_json=as_json)


def list_policies(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the guardrail policies of the project."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/guardrails"))
    show_list(found if as_json else map(_row, found), COLUMNS, as_json=as_json, empty=NONE_YET)


def show(
    name: Annotated[str, typer.Argument(help="Name or id from `penstock guardrail list`.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show a guardrail policy."""
    with open_api(home) as api:
        found = _get(api, f"{api.project(project)}/guardrails", name)
    show_record(found if as_json else _row(found), as_json=as_json)


def remove(
    name: Annotated[str, typer.Argument(help="Name or id from `penstock guardrail list`.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove a guardrail policy. Calls are not checked by it from then on."""
    with open_api(home) as api:
        base = f"{api.project(project)}/guardrails"
        api.call("DELETE", f"{base}/{_get(api, base, name)['id']}")
    show_record({"removed": name}, as_json=as_json)


def detectors(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the installed detectors."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/guardrails/detectors"))
    show_list(found, ("name",), as_json=as_json, empty=NO_DETECTORS)


def _get(api: Api, base: str, name: str) -> dict[str, Any]:
    if found := _find(api, base, name):
        return found
    raise NotFound(
        f"This project has no guardrail policy {name!r}.",
        hint="List them: penstock guardrail list",
    )


def _find(api: Api, base: str, name: str) -> dict[str, Any] | None:
    found = (each for each in api.items(base) if name in (each["id"], each["name"]))
    return next(found, None)


def _check(text: str) -> dict[str, Any]:
    parts = text.split(":")
    if len(parts) != 3 or not all(parts):
        raise typer.BadParameter(
            f"{text!r} is not valid: write DETECTOR:PLACES:ACTION", param_hint="--check"
        )
    detector, places, action = parts
    return {"detector": detector, "places": places.split(","), "action": action}


def _document(path: Path) -> dict[str, Any]:
    document = options.json_object(path)
    return {name: document[name] for name in ("checks", "only") if name in document}


def _row(policy: dict[str, Any]) -> dict[str, Any]:
    checks = [
        f"{each['detector']}:{','.join(each['places'])}:{each['action']}"
        for each in policy["checks"]
    ]
    only = [f"{name}={value}" for name, values in policy["only"].items() for value in values]
    return policy | {"checks": checks, "only": only}
