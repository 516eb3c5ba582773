"""`penstock model`: the models of a project with facts and prices; renews both from a file."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record
from penstock.entrypoints.cli.shortlist import shortlist
from penstock.kernel.errors import SetupError

COLUMNS: Final = ("id", "providers", "context", "output", "reads", "tools", "prices", "retires")
IMPORT_COLUMNS: Final = ("kind", "vendor", "row_count", "imported_at")
NONE_YET: Final = "No models yet: penstock provider add NAME"
NO_IMPORTS: Final = "Nothing was imported: the facts and prices of the package apply."
IMPORTS: Final = "/api/v1/models/imports"
_SHORT: Final = {"input_tokens": "in", "output_tokens": "out", "requests": "call"}


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "list": list_models,
        "shortlist": shortlist,
        "import": import_file,
        "imports": list_imports,
        "reset": reset,
    }
    add_group(app, name, line, commands)


def list_models(
    *,
    search: Annotated[str, typer.Option("--search", help="Part of the model's id.")] = "",
    provider: Annotated[str, typer.Option(help="Only models of this provider.")] = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the models of all providers: limits, what they read, prices per million tokens in USD,
    and when they retire."""
    with open_api(home) as api:
        path = f"{api.project(project)}/models"
        found = list(api.items(path, q=search or None, provider=provider or None))
    rows = found if as_json else map(_row, found)
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="Facts of one vendor (TOML), or public prices (JSON of the project genai-prices)."
        ),
    ],
    *,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Replace the facts or public prices of the vendors in a file, for the whole installation. A
    file with a mistake changes nothing."""
    try:
        content = file.expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{file} cannot be read: {error}.") from error
    with open_api(home) as api:
        done = api.call("POST", IMPORTS, {"content": content})["items"]
    show_list(done, IMPORT_COLUMNS, as_json=as_json, empty=NO_IMPORTS)


def list_imports(*, home: options.Home = None, as_json: options.Json = False) -> None:
    """List the imported facts and prices."""
    with open_api(home) as api:
        found = api.get(IMPORTS)["items"]
    show_list(found, IMPORT_COLUMNS, as_json=as_json, empty=NO_IMPORTS)


def reset(
    kind: Annotated[str, typer.Argument(help="facts or prices")],
    vendor: Annotated[str, typer.Argument(help="Vendor from `penstock model imports`.")],
    *,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove imported facts or prices of a vendor. Those of the package apply again."""
    with open_api(home) as api:
        api.call("DELETE", f"{IMPORTS}/{kind}/{vendor}")
    show_record({"removed": f"{kind}/{vendor}"}, as_json=as_json)


def _row(model: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = model["facts"] or {}
    end: dict[str, Any] = model["retirement"] or {}
    return {
        "id": model["id"],
        "providers": [one["provider"] for one in model["providers"]],
        "context": facts.get("context_tokens"),
        "output": facts.get("output_tokens"),
        "reads": facts.get("inputs", []),
        "tools": facts.get("tools"),
        "prices": _prices(model["providers"]),
        "retires": end.get("on", ""),
    }


def _prices(offers: list[dict[str, Any]]) -> list[str]:
    """The prices of the first provider that has some."""
    none: list[dict[str, Any]] = []
    priced = next((one["prices"] for one in offers if one["prices"]), none)
    return [f"{_SHORT[p['unit']]} {p['price']}" for p in priced if p["unit"] in _SHORT]
