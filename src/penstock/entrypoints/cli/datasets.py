"""`penstock dataset`: examples in versions."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.dataset_calls import Name, add_traces, dataset_path, register_rules
from penstock.entrypoints.cli.dataset_groups import deduplicate, split_dataset
from penstock.entrypoints.cli.dataset_import import import_dataset
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record

COLUMNS: Final = ("name", "version", "items", "personal_data", "description", "updated_at")
VERSIONS: Final = ("version", "item_count", "added", "changed", "removed", "author", "message")
ITEMS: Final = ("id", "input", "expected", "split", "findings")
DIFFERENCES: Final = ("change", "id", "fields", "input")
NONE_YET: Final = "No datasets yet: penstock dataset import NAME FILE"
_CELL_CHARS: Final = 80

Version = Annotated[int | None, typer.Option(min=1, help="Version. [the newest]")]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "create": create,
        "list": list_datasets,
        "versions": versions,
        "items": items,
        "import": import_dataset,
        "add-traces": add_traces,
        "export": export,
        "diff": diff,
        "split": split_dataset,
        "deduplicate": deduplicate,
        "remove": remove,
    }
    register_rules(add_group(app, name, line, commands))


def create(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, and . _ -")],
    *,
    description: Annotated[str, typer.Option()] = "",
    personal_data: Annotated[
        Literal["flag", "redact", "reject"],
        typer.Option(help="What happens to items with personal data."),
    ] = "flag",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add a dataset without items."""
    body = {"name": name, "description": description, "personal_data": personal_data}
    with open_api(home) as api:
        done = api.call("POST", f"{api.project(project)}/datasets", body)
    show_record(done if as_json else _row(done), as_json=as_json)


def list_datasets(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the datasets of the project."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/datasets"))
    show_list(found if as_json else map(_row, found), COLUMNS, as_json=as_json, empty=NONE_YET)


def versions(
    name: Name,
    *,
    limit: options.Count = 50,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the versions of a dataset, newest first."""
    with open_api(home) as api:
        found = list(api.items(f"{dataset_path(api, project, name)}/versions", limit))
    empty = "No versions yet: penstock dataset import NAME FILE"
    show_list(found, VERSIONS, as_json=as_json, empty=empty)


def items(
    name: Name,
    *,
    version: Version = None,
    search: Annotated[str | None, typer.Option(help="Text in the item.")] = None,
    split: Annotated[str | None, typer.Option(help="Only items of this split.")] = None,
    limit: options.Count = 50,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List items of a version."""
    with open_api(home) as api:
        path = f"{dataset_path(api, project, name)}/items"
        found = list(api.items(path, limit, version=version, q=search, split=split))
    rows = found if as_json else map(_cells, found)
    show_list(rows, ITEMS, as_json=as_json, empty="No items found.")


def export(
    name: Name,
    file: Annotated[Path | None, typer.Argument(help="JSON lines. [standard output]")] = None,
    *,
    version: Version = None,
    project: options.ProjectId = None,
    home: options.Home = None,
) -> None:
    """Write the items of a version as JSON lines, which `import` reads again."""
    with open_api(home) as api:
        path = dataset_path(api, project, name)
        newest = api.get(path)["newest"] or {"version": None}
        chosen = version or newest["version"]  # items that come meanwhile are not in it
        lines = (msgspec.json.encode(each) for each in _exported(api, path, chosen))
        if file is None:
            for line in lines:
                sys.stdout.write(line.decode() + "\n")
            return
        with file.open("wb") as opened:
            opened.writelines(line + b"\n" for line in lines)


def diff(
    name: Name,
    older: Annotated[int, typer.Argument(min=0, help="Version; 0 has no items.")],
    newer: Annotated[int, typer.Argument(min=1, help="Version.")],
    *,
    limit: options.Count = 100,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show what differs between two versions."""
    with open_api(home) as api:
        path = f"{dataset_path(api, project, name)}/diff"
        found = list(api.items(path, limit, **{"from": older, "to": newer}))
    rows = found if as_json else map(_difference, found)
    show_list(rows, DIFFERENCES, as_json=as_json, empty="The versions have the same items.")


def remove(
    name: Name,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
) -> None:
    """Remove a dataset with all its versions."""
    if not yes:
        typer.confirm(f"Remove the dataset {name} with all its versions?", abort=True)
    with open_api(home) as api:
        api.call("DELETE", dataset_path(api, project, name))
    show_record({"removed": name}, as_json=as_json)


def _exported(api: Api, path: str, version: int | None) -> Iterator[dict[str, Any]]:
    for item in api.items(f"{path}/items", version=version):
        yield {key: value for key, value in item.items() if key != "findings"}


def _row(dataset: dict[str, Any]) -> dict[str, Any]:
    newest = dataset["newest"] or {"version": 0, "item_count": 0}
    return dataset | {"version": newest["version"], "items": newest["item_count"]}


def _cells(item: dict[str, Any]) -> dict[str, Any]:
    return item | {"input": _short(item["input"]), "expected": _short(item["expected"])}


def _difference(found: dict[str, Any]) -> dict[str, Any]:
    before, after = found["before"], found["after"]
    change = "changed" if before and after else "added" if after else "removed"
    return found | {"change": change, "input": _short((after or before)["input"])}


def _short(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _CELL_CHARS else text[: _CELL_CHARS - 1] + "…"
