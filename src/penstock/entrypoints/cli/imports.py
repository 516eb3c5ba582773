"""`penstock import`: brings the configuration of another gateway."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.litellm.config import read_config
from penstock.entrypoints.cli.litellm.plan import Plan
from penstock.entrypoints.cli.output import show_json, show_list
from penstock.infra.settings import secret_variable
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound, SetupError

MAX_CONFIG_BYTES: Final = 4 * 1024 * 1024
COLUMNS: Final = ("kind", "name", "content", "result")
LEFT_OUT_COLUMNS: Final = ("setting", "reason")


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    add_group(app, name, line, {"litellm": import_litellm})


def import_litellm(
    file: Annotated[Path, typer.Argument(help="LiteLLM's configuration (config.yaml).")],
    *,
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
    """Create the providers, routes and prices of a LiteLLM configuration, and list what has no
    counterpart. Values like os.environ/NAME are read from the environment of this command. What
    exists already is kept; routes are replaced."""
    plan = read_config(_read(file), secret_variable)
    rows: list[dict[str, Any]] = [row | {"result": "planned"} for row in plan.rows()]
    if not dry_run:
        with open_api(home) as api:
            results = _apply(api, api.project(project), plan, private_allowed=private_allowed)
        rows = [row | {"result": result} for row, result in zip(rows, results, strict=True)]
    left_out = [{"setting": name, "reason": why} for name, why in plan.left_out.items()]
    if as_json:
        show_json({"created": rows, "left_out": left_out})
        return
    show_list(rows, COLUMNS, as_json=False, empty="The configuration names no models.")
    if left_out:
        typer.echo("Not imported:", err=True)
        show_list(left_out, LEFT_OUT_COLUMNS, as_json=False, empty="")


def _read(file: Path) -> object:
    try:
        content = file.expanduser().read_bytes()
        if len(content) > MAX_CONFIG_BYTES:
            raise SetupError(f"{file} is larger than {MAX_CONFIG_BYTES} bytes.")
        return yaml.safe_load(content)
    except (OSError, yaml.YAMLError, RecursionError) as error:
        raise SetupError(f"{file} cannot be read: {error}.") from error


def _apply(api: Api, project: str, plan: Plan, *, private_allowed: bool) -> list[str]:
    """Creates everything in order. A rerun goes on where an error stopped it."""
    results: list[str] = []
    for provider in plan.providers:
        body = provider.body(private_allowed=private_allowed)
        try:
            api.call("POST", f"{project}/providers", body)
            results.append("created")
        except Conflict:
            results.append("kept: it exists")
        except InvalidRequest as error:
            if error.code != "private_address":
                raise
            hint = "If this is intended, add --private-allowed (instance admins only)."
            raise InvalidRequest(error.message, hint=hint, code=error.code) from error
        if provider.any_model:
            api.call("POST", f"{project}/providers/{provider.name}/test")
    for route in plan.routes:
        try:
            api.call("PUT", f"{project}/routes/{route.name}", route.body())
            results.append("replaced")
        except NotFound:
            api.call("POST", f"{project}/routes", route.body() | {"name": route.name})
            results.append("created")
    known = {(each["provider"], each["model"]) for each in api.items(f"{project}/prices")}
    for price in plan.prices:
        if (price.provider, price.model) in known:
            results.append("kept: it exists")
            continue
        api.call("POST", f"{project}/prices", price.body())
        results.append("created")
    return results
