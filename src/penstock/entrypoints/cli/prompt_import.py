"""`penstock prompts import`: prompts of other products."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, cast

import msgspec
import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.foreign_prompts.imported import ForeignPrompt
from penstock.entrypoints.cli.foreign_prompts.langfuse import read_langfuse
from penstock.entrypoints.cli.foreign_prompts.langsmith import read_langsmith
from penstock.entrypoints.cli.foreign_prompts.mlflow import read_mlflow
from penstock.entrypoints.cli.foreign_prompts.promptlayer import read_promptlayer
from penstock.entrypoints.cli.foreign_prompts.saving import (
    ImportResult,
    PromptImport,
    check_names,
    planned,
)
from penstock.entrypoints.cli.output import show_json, show_list
from penstock.kernel.errors import SetupError

MAX_EXPORT_BYTES: Final = 64 * 1024 * 1024  # of a file to import; a larger one is rejected


class Product(StrEnum):
    """A product whose exports can be imported."""

    LANGFUSE = "langfuse"
    LANGSMITH = "langsmith"
    MLFLOW = "mlflow"
    PROMPTLAYER = "promptlayer"


_READERS: Final[Mapping[Product, Callable[[object], list[ForeignPrompt]]]] = {
    Product.LANGFUSE: read_langfuse,
    Product.LANGSMITH: read_langsmith,
    Product.MLFLOW: read_mlflow,
    Product.PROMPTLAYER: read_promptlayer,
}
_LISTS: Final = {Product.LANGFUSE: "data", Product.PROMPTLAYER: "items"}


def import_prompts(
    product: Annotated[Product, typer.Argument(help="The product that wrote the file.")],
    file: Annotated[Path, typer.Argument(help="The export (JSON).")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Save the prompts of Langfuse, LangSmith, MLflow or PromptLayer with their versions, and say
    what cannot be carried. The same file again changes nothing."""
    prompts = read_export(product, file)
    check_names(prompts)
    if dry_run:
        results = list(planned(prompts))
    else:
        with open_api(home) as api:
            results = list(PromptImport(api, api.project(project), product.value).run(prompts))
    left_out = [
        {"name": prompt.name, "version": version.shown, "left_out": each}
        for prompt in prompts
        for version in prompt.versions
        for each in version.left_out
    ]
    _report(results, left_out, as_json=as_json)


def read_export(product: Product, file: Path) -> list[ForeignPrompt]:
    """Returns the prompts of a file. Raises `SetupError`."""
    try:
        content = file.expanduser().read_bytes()
        if len(content) > MAX_EXPORT_BYTES:
            raise SetupError(f"{file} is larger than {MAX_EXPORT_BYTES} bytes.")
        return _READERS[product](_list_of(product, msgspec.json.decode(content)))
    except (OSError, msgspec.MsgspecError, RecursionError) as error:
        raise SetupError(f"{file} is not an export of {product.value}: {error}.") from None


def _list_of(product: Product, document: object) -> object:
    """Returns the list in the answer of an API, or a list of the one prompt."""
    if isinstance(document, dict) and product in _LISTS:
        found = cast("dict[str, object]", document)
        return found.get(_LISTS[product], [found])
    return cast("object", document)


def _report(results: list[ImportResult], left_out: list[dict[str, str]], *, as_json: bool) -> None:
    rows = [each._asdict() for each in results]
    if as_json:
        show_json({"versions": rows, "left_out": left_out})
    else:
        show_list(rows, ImportResult._fields, as_json=False, empty="The file has no prompts.")
        if left_out:
            typer.echo("Not imported:", err=True)
            show_list(left_out, ("name", "version", "left_out"), as_json=False, empty="")
    if any(each.result == "failed" for each in results):
        raise typer.Exit(1)
