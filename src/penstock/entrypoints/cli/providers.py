"""`penstock provider`: manages a project's providers."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from penstock.entrypoints.cli import credentials, options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.credentials import KeyFile, KeyReference, KeyVariable, read_secret
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_json, show_list, show_record
from penstock.kernel.errors import InvalidRequest

COLUMNS = ("name", "kind", "base_url", "api_key_hint", "model_count", "found")
VENDOR_COLUMNS = ("name", "label", "base_url", "api_key_env")
MaxConcurrency = Annotated[
    int | None,
    typer.Option(min=0, help="Calls at once; further ones wait. 0: no limit. [no limit]"),
]
MaxQueue = Annotated[
    int | None, typer.Option(min=0, help="Calls that wait, in each gateway worker. [16]")
]
QueueTimeout = Annotated[
    float | None, typer.Option(min=0, metavar="SECONDS", help="How long they wait at most. [5]")
]
NONE_YET = "No providers yet: penstock provider add NAME --base-url URL"


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "add": add,
        "list": list_providers,
        "vendors": list_vendors,
        "change": change,
        "test": probe,
        "remove": remove,
    }
    group = add_group(app, name, line, commands)
    further = {
        "add": credentials.add,
        "list": credentials.list_credentials,
        "remove": credentials.remove,
    }
    add_group(group, "credential", "Manage the credentials of a provider.", further)


def add(
    name: Annotated[str, typer.Argument(help="Name; its models are called as NAME/model.")],
    *,
    base_url: Annotated[
        str | None, typer.Option(help="Base URL, such as https://api.openai.com/v1. [the vendor's]")
    ] = None,
    vendor: Annotated[
        str | None, typer.Option(help="Name from `penstock provider vendors`. [NAME]")
    ] = None,
    quirk: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Deviation from OpenAI's API (repeatable). [the vendor's]"
        ),
    ] = None,
    api_key_env: KeyVariable = None,
    api_key_file: KeyFile = None,
    api_key_reference: KeyReference = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Model that it serves (repeatable). [its model list]")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Provider plugin. [openai-compatible]")] = None,
    private_allowed: Annotated[
        bool,
        typer.Option("--private-allowed", help="Allow a private address (instance admins only)."),
    ] = False,
    max_concurrency: MaxConcurrency = None,
    max_queue: MaxQueue = None,
    queue_timeout: QueueTimeout = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add a provider, test it, and load its model list."""
    body = {
        "name": name,
        "base_url": base_url or "",
        "vendor": vendor,
        "kind": kind or "",
        "api_key": read_secret(api_key_env, api_key_file, api_key_reference),
        "models": model or [],
        "private_allowed": private_allowed,
        "quirks": dict(map(_quirk, quirk or [])),
        **_limits(max_concurrency, max_queue, queue_timeout),
    }
    with open_api(home) as api:
        path = f"{api.project(project)}/providers"
        added = _add(api, path, body)
        check = api.call("POST", f"{path}/{name}/test")
    if as_json:
        show_json({"provider": added, "test": check})
    else:
        show_record(_row(added), as_json=False)
        _show_check(check)


def _add(api: Api, path: str, body: Mapping[str, object]) -> Any:
    try:
        return api.call("POST", path, body)
    except InvalidRequest as error:
        if error.code != "private_address":
            raise
        hint = "If this is intended, add --private-allowed (instance admins only)."
        raise InvalidRequest(error.message, hint=hint, code=error.code) from error


def change(
    name: str,
    *,
    max_concurrency: MaxConcurrency = None,
    max_queue: MaxQueue = None,
    queue_timeout: QueueTimeout = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Change how many calls go to a provider at once. What is not given stays."""
    body = _limits(max_concurrency, max_queue, queue_timeout)
    with open_api(home) as api:
        done = api.call("PATCH", f"{api.project(project)}/providers/{name}", body)
    show_record(done if as_json else _row(done), as_json=as_json)


def list_providers(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the project's providers. `found`: discovered at the start."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/providers"))
    rows = found if as_json else map(_row, found)
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def list_vendors(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the known vendors. A provider with such a name needs no base URL."""
    with open_api(home) as api:
        known = api.items(f"{api.project(project)}/providers/vendors")
        show_list(known, VENDOR_COLUMNS, as_json=as_json, empty="")


def probe(
    name: str,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Request a provider's model list. Exits with 1 if the test fails."""
    with open_api(home) as api:
        check = api.call("POST", f"{api.project(project)}/providers/{name}/test")
    if as_json:
        show_json(check)
    else:
        _show_check(check)
    if not check["ok"]:
        raise typer.Exit(1)


def remove(
    name: str,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove a provider and its API key."""
    with open_api(home) as api:
        api.call("DELETE", f"{api.project(project)}/providers/{name}")
    show_record({"removed": name}, as_json=as_json)


def _limits(
    max_concurrency: int | None, max_queue: int | None, queue_timeout: float | None
) -> dict[str, int]:
    timeout_ms = None if queue_timeout is None else round(queue_timeout * 1000)
    given = {
        "max_concurrency": max_concurrency,
        "max_queue": max_queue,
        "queue_timeout_ms": timeout_ms,
    }
    return {name: value for name, value in given.items() if value is not None}


def _quirk(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not (name and equals):
        raise typer.BadParameter(f"{given!r} is not valid: write NAME=VALUE", param_hint="--quirk")
    return name, value


def _row(provider: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in provider.items() if name != "models"}
    return shown | {"model_count": len(provider["models"])}


def _show_check(check: dict[str, Any]) -> None:
    if check["ok"]:
        typer.echo(f"Test passed: {len(check['models'])} models in {check['latency_ms']} ms.")
    else:
        typer.echo(f"Test failed: {check['problem']}", err=True)
