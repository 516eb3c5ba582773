"""`penstock release`: immutable bundles of all that decides an answer."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options, release_proofs
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_json, show_list, show_record
from penstock.entrypoints.cli.prompt_files import resolve
from penstock.entrypoints.cli.release_proofs import Release
from penstock.features.releases.model import MAX_RELEASE_BYTES

COLUMNS: Final = ("release", "model", "prompt", "parameters", "author", "message", "created_at")
PART_COLUMNS: Final = ("relation", "kind", "part", "title")
NONE_YET: Final = "No releases yet: penstock release create --model MODEL --prompt NAME"
_SHORT: Final = 12  # characters of a hash in tables


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "create": create,
        "list": list_releases,
        "show": show,
        "lineage": lineage,
        "evidence": release_proofs.evidence,
        "approvals": release_proofs.approvals,
        "request-approval": release_proofs.request_approval,
        "approve": release_proofs.approve,
        "reject": release_proofs.reject,
        "withdraw-approval": release_proofs.withdraw_approval,
    }
    add_group(app, name, line, commands)


def create(
    *,
    model: Annotated[str, typer.Option(help="Route, PROVIDER/MODEL, or plain id.")] = "",
    prompt: Annotated[
        str,
        typer.Option(
            metavar="NAME[@VERSION]",
            help="Prompt; the version by number, label or hash. [production, or latest]",
        ),
    ] = "",
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Such as temperature=0.2 (repeatable)."),
    ] = None,
    tools: Annotated[
        Path | None, typer.Option(help="JSON file with a list of tools, as for OpenAI's chat API.")
    ] = None,
    schema: Annotated[
        Path | None, typer.Option(help="JSON file with the schema of the answers.")
    ] = None,
    step: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=RELEASE", help="Step of a chain (repeatable)."),
    ] = None,
    message: Annotated[str, typer.Option("--message", "-m", help="What is new.")] = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Make a release. The same content is the same release."""
    body: dict[str, Any] = {
        "model": model,
        "parameters": dict(map(_parameter, parameter or ())),
        "tools": [] if tools is None else _read(tools, "--tools"),
        "response_schema": None if schema is None else _read(schema, "--schema"),
        "message": message,
    }
    with open_api(home) as api:
        path = api.project(project)
        if prompt:
            name, _, version = prompt.partition("@")
            body["prompt"] = resolve(api, path, name, version)["version"]["digest"]
        body["steps"] = dict(_step(api, path, each) for each in step or ())
        made = api.call("POST", f"{path}/releases", body)
    show_record(made if as_json else {"release": made["digest"]}, as_json=as_json)


def list_releases(
    *,
    prompt: Annotated[
        str, typer.Option(metavar="NAME[@VERSION]", help="Only those with this version.")
    ] = "",
    model: Annotated[str, typer.Option(help="Only those of this model or route.")] = "",
    limit: options.Count = 50,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List releases, newest first."""
    with open_api(home) as api:
        path, wanted = api.project(project), {"model": model}
        if prompt:
            name, _, version = prompt.partition("@")
            wanted["prompt"] = resolve(api, path, name, version)["version"]["digest"]
        found = list(api.items(f"{path}/releases", limit, **wanted))
    rows = found if as_json else map(_row, found)
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def show(
    release: Release,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show a release."""
    with open_api(home) as api:
        found = api.get(f"{api.project(project)}/releases/{release}")
    show_record(found, as_json=as_json)


def lineage(
    release: Release,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show what a release contains, what contains it, and where it answers calls."""
    with open_api(home) as api:
        found = api.get(f"{api.project(project)}/releases/{release}/lineage")
    if as_json:
        show_json(found)
        return
    rows = [
        *({"relation": "contains", **each} for each in found["contains"]),
        *(
            {"relation": "is a step of", "kind": "release", "part": each["digest"]}
            for each in found["contained_in"]
        ),
        *(
            {"relation": "answers", "kind": "use case", "part": each["use_case"]}
            | {"title": each["environment"]}
            for each in found["rollouts"]
        ),
    ]
    show_list(rows, PART_COLUMNS, as_json=False, empty="The release has no parts.")


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(
            f"{text!r} is not valid: write NAME=VALUE", param_hint="--parameter"
        )
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value  # a word, such as reasoning_effort=low


def _step(api: Api, path: str, text: str) -> tuple[str, str]:
    name, equals, release = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not valid: write NAME=RELEASE", param_hint="--step")
    return name, api.get(f"{path}/releases/{release}")["digest"]


def _read(path: Path, option: str) -> Any:
    try:
        if path.stat().st_size > MAX_RELEASE_BYTES:
            raise typer.BadParameter(
                f"{path} is larger than {MAX_RELEASE_BYTES // 1024} KiB", param_hint=option
            )
        return json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise typer.BadParameter(f"{path} is no JSON file: {error}", param_hint=option) from None


def _row(release: dict[str, Any]) -> dict[str, Any]:
    return release | {
        "release": release["digest"][:_SHORT],
        "prompt": release["prompt"][:_SHORT],
        "parameters": [f"{name}={value}" for name, value in release["parameters"].items()],
    }
