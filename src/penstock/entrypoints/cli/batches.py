"""`penstock batch`: batches that were made through the gateways."""

from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record

COLUMNS: Final = (
    "id",
    "model",
    "status",
    "state",
    "requests",
    "calls",
    "errors",
    "cost",
    "created_at",
)
NONE_YET: Final = "No batches yet: docs/gateway.md, Files and batches"


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    add_group(app, name, line, {"list": list_batches, "show": show})


def list_batches(
    *,
    limit: options.Count = 50,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the batches of the project, newest first."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/batches", limit))
    rows = found if as_json else map(_row, found)
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def show(
    batch: Annotated[str, typer.Argument(help="Id from `penstock batch list`.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show a batch: how far it is, and what its requests have cost."""
    with open_api(home) as api:
        found = api.get(f"{api.project(project)}/batches/{batch}")
    show_record(found if as_json else _row(found), as_json=as_json)


def _row(batch: dict[str, Any]) -> dict[str, Any]:
    """Returns a batch with its counts and sums in the row."""
    requests = batch["requests"]
    done = requests["completed"] + requests["failed"]
    return batch | batch["recorded"] | {"requests": f"{done} of {requests['total']}"}
