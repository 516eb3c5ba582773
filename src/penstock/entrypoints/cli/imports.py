"""`penstock import`: brings the configuration of another gateway, and evaluations of others."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.declared.applying import apply_plan
from penstock.entrypoints.cli.declared.files import declare
from penstock.entrypoints.cli.declared.located import FilePosition
from penstock.entrypoints.cli.declared.model import ObjectAction, ObjectKind
from penstock.entrypoints.cli.declared.planning import kinds_of, make_plan
from penstock.entrypoints.cli.evaluation_import import (
    import_inspect,
    import_openai_evals,
    import_promptfoo,
)
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.litellm.config import read_config
from penstock.entrypoints.cli.litellm.keys import ExportedKey, ExportedKeys, read_keys
from penstock.entrypoints.cli.litellm.plan import Plan
from penstock.entrypoints.cli.output import show_json, show_list
from penstock.infra.settings import secret_variable
from penstock.kernel.errors import SetupError

MAX_CONFIG_BYTES: Final = 4 * 1024 * 1024
MAX_KEYS_BYTES: Final = 256 * 1024 * 1024
KEYS_AT_ONCE: Final = 200  # of one request
COLUMNS: Final = ("kind", "name", "content", "result")
LEFT_OUT_COLUMNS: Final = ("setting", "reason")
_RESULTS: Final = {
    ObjectAction.CREATE: "created",
    ObjectAction.CHANGE: "replaced",
    ObjectAction.NONE: "unchanged",
    ObjectAction.KEEP: "kept: it exists",
}


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "litellm": import_litellm,
        "promptfoo": import_promptfoo,
        "inspect": import_inspect,
        "openai-evals": import_openai_evals,
    }
    add_group(app, name, line, commands)


def import_litellm(
    file: Annotated[Path, typer.Argument(help="LiteLLM's configuration (config.yaml).")],
    *,
    keys: Annotated[
        Path | None,
        typer.Option(help="Export of its keys (JSON or CSV); they work with their old secrets."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be created.")
    ] = False,
    private_allowed: Annotated[
        bool,
        typer.Option("--private-allowed", help="Allow private addresses (instance admins only)."),
    ] = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Create the providers, routes, prices and keys of LiteLLM, and list what has no counterpart.
    Values like os.environ/NAME are read from the environment of this command. What exists already
    is kept; routes are replaced."""
    plan = read_config(_parsed(file), secret_variable)
    exported = read_keys(_content(keys)) if keys is not None else ExportedKeys()
    planned = [*plan.rows(), *map(_key_row, exported.keys)]
    results = ["planned"] * len(planned)
    if not dry_run:
        with open_api(home) as api:
            path = api.project(project)
            results = _apply(api, path, plan, private_allowed=private_allowed)
            results += _import_keys(api, path, exported.keys)
    rows = [row | {"result": result} for row, result in zip(planned, results, strict=True)]
    reasons = plan.left_out | exported.left_out
    left_out = [{"setting": name, "reason": why} for name, why in reasons.items()]
    if as_json:
        show_json({"created": rows, "left_out": left_out})
        return
    show_list(rows, COLUMNS, as_json=False, empty="The configuration names no models.")
    if left_out:
        typer.echo("Not imported:", err=True)
        show_list(left_out, LEFT_OUT_COLUMNS, as_json=False, empty="")


def _parsed(file: Path) -> object:
    try:
        return yaml.safe_load(_content(file, MAX_CONFIG_BYTES))
    except (yaml.YAMLError, RecursionError) as error:
        raise SetupError(f"{file} cannot be read: {error}.") from error


def _content(file: Path, max_bytes: int = MAX_KEYS_BYTES) -> str:
    try:
        content = file.expanduser().read_bytes()
        if len(content) > max_bytes:
            raise SetupError(f"{file} is larger than {max_bytes} bytes.")
        return content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{file} cannot be read: {error}.") from error


def _key_row(key: ExportedKey) -> dict[str, str]:
    limits = [f"{each['measure']} {each['amount']}" for each in key.limits]
    models = key.body["allowed_models"] or ["all models"]
    return {"kind": "key", "name": key.name, "content": ", ".join([*models, *limits])}


def _import_keys(api: Api, project: str, keys: list[ExportedKey]) -> list[str]:
    """Imports the keys, and adds the limits of new ones."""
    results: list[str] = []
    for at in range(0, len(keys), KEYS_AT_ONCE):
        batch = keys[at : at + KEYS_AT_ONCE]
        body = {"keys": [each.body for each in batch]}
        done = api.call("POST", f"{project}/keys/import", body)["items"]
        for exported, result in zip(batch, done, strict=True):
            if result["key"] is None:
                results.append("kept: it exists")
                continue
            for limit in exported.limits:
                only = {"key": [result["key"]["id"]]}
                api.call("POST", f"{project}/limits", limit | {"only": only})
            results.append("created")
    return results


def _apply(api: Api, project: str, plan: Plan, *, private_allowed: bool) -> list[str]:
    """Creates everything by the steps of `penstock apply`, and returns the result of each row.
    Providers and prices that exist are kept. A rerun goes on where an error stopped it."""
    kinds, place = kinds_of(api, project), FilePosition("the configuration", {})
    bodies: list[tuple[ObjectKind, list[dict[str, Any]]]] = [
        (kinds.providers, [each.body(private_allowed=private_allowed) for each in plan.providers]),
        (kinds.routes, [{"name": each.name, **each.body()} for each in plan.routes]),
        (kinds.prices, [each.body() for each in plan.prices]),
    ]
    declared = {kind.key: [declare(kind, body, place, str) for body in of] for kind, of in bodies}
    made = make_plan(kinds, declared, keep=(kinds.providers.key, kinds.prices.key))
    apply_plan(api, made, lambda _: None, lambda text: typer.echo(text, err=True))
    return [_RESULTS[change.action] for change in made.changes]
