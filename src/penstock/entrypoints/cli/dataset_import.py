"""`penstock dataset import`: a file becomes one version, or nothing changes."""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import msgspec
import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.dataset_draft import commit_items
from penstock.entrypoints.cli.dataset_files.columns import ColumnMap, ItemReader
from penstock.entrypoints.cli.dataset_files.folders import read_all
from penstock.entrypoints.cli.output import show_json, show_record
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.evaluation.items import DatasetItem

_SHOWN: Final = 5  # items that a dry run shows

Columns = list[str] | None


def import_dataset(
    name: Annotated[str, typer.Argument(help="Name of the dataset; a new one is created.")],
    path: Annotated[
        Path,
        typer.Argument(help="CSV, TSV, JSON lines, Parquet or Excel file, or a folder of them."),
    ],
    *,
    inputs: Annotated[
        Columns,
        typer.Option("--input", help="Column of the input; several become one object."),
    ] = None,
    expected: Annotated[str, typer.Option(help="Column of what is expected.")] = "",
    context: Annotated[str, typer.Option(help="Column of the passages.")] = "",
    item_id: Annotated[str, typer.Option("--id", help="Column of ids.")] = "",
    split: Annotated[str, typer.Option(help="Column of splits.")] = "",
    group: Annotated[str, typer.Option(help="Column of groups.")] = "",
    metadata: Annotated[
        Columns, typer.Option(help="Column of metadata (repeatable). [all others]")
    ] = None,
    json_columns: Annotated[
        Columns, typer.Option("--json-column", help="Column with JSON in its cells (repeatable).")
    ] = None,
    config: Annotated[str, typer.Option(help="Configuration of a Hugging Face folder.")] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Remove items that are not in the file.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Do not change items that are there already.")
    ] = False,
    message: Annotated[str, typer.Option(help="Why.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check all, show the first items, stop.")
    ] = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add the examples of a file or a folder as one new version."""
    columns = ColumnMap(
        inputs=tuple(inputs or ()),
        expected=expected,
        context=context,
        id=item_id,
        split=split,
        group=group,
        metadata=None if metadata is None else tuple(metadata),
        json=tuple(json_columns or ()),
    )
    reader = ItemReader(columns)
    found = reader.items(read_all(path, config))
    if dry_run:
        _show_first(reader, found)
        return
    with open_api(home) as api:
        datasets = f"{api.project(project)}/datasets"
        draft = {"removes_others": replace, "keeps_existing": keep}
        why = message or f"Import of {path.name}"
        target = f"{datasets}/{quote(name, safe='')}"
        first = next(found, None)  # before anything is created
        if first is None:
            raise _empty()
        is_new = _create(api, datasets, target, name)
        try:
            done = commit_items(api, target, draft, chain([first], found), why)
        except BaseException:
            if is_new:
                api.fetch("DELETE", target)
            raise
    counts, version = done["counts"], done["version"]
    record = {"dataset": name, "version": version["version"], "made": done["made"], **counts}
    show_record(done if as_json else record | {"items": version["item_count"]}, as_json=as_json)


def _create(api: Api, datasets: str, target: str, name: str) -> bool:
    """Creates the dataset if it does not exist; returns whether it did not."""
    try:
        api.get(target)
    except NotFound:
        api.call("POST", datasets, {"name": name})
        return True
    return False


def _show_first(reader: ItemReader, items: Iterator[DatasetItem]) -> None:
    first = [msgspec.to_builtins(item) for item in islice(items, _SHOWN)]
    count = len(first) + sum(1 for _ in items)
    if not count:
        raise _empty()
    show_json({"items": count, "input_kinds": reader.input_kinds, "first": first})


def _empty() -> InvalidRequest:
    return InvalidRequest("The file has no items.", hint="Give at least one.")
