"""The options and arguments that several commands share."""

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of the installation. [PENSTOCK_HOME or ~/.penstock]"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ProjectId = Annotated[
    str | None, typer.Option("--project", help="Project id. [the project of the key]")
]
Count = Annotated[
    int, typer.Option("--limit", "-n", min=1, max=500, help="Maximum number of rows.")
]
Errors = Annotated[bool, typer.Option("--errors", help="Only failed calls.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
KeyRole = Literal["viewer", "editor", "admin"]
KeyPriority = Literal["low", "normal", "high"]
MemberRole = Literal["annotator", "viewer", "editor", "admin", "owner"]
_TAG: Final = "tag:"
Condition = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="DIMENSION=VALUE",
        help="Only calls with this value, such as team=search or tag:plan=gold (repeatable).",
    ),
]


def conditions(given: list[str] | None) -> dict[str, list[str]]:
    """Returns the values by dimension."""
    found: dict[str, list[str]] = {}
    for text in given or ():
        dimension, equals, value = text.partition("=")
        if not equals or not dimension:
            raise typer.BadParameter(
                f"{text!r} is not valid: write DIMENSION=VALUE", param_hint="--only"
            )
        found.setdefault(dimension, []).append(value)
    return found


def call_filter(given: list[str] | None) -> dict[str, Any]:
    """Returns the values as in filters of the REST API, those of tags apart."""
    found = conditions(given)
    tags = {name[len(_TAG) :]: each for name, each in found.items() if name.startswith(_TAG)}
    plain = {name: each for name, each in found.items() if not name.startswith(_TAG)}
    return {"only": plain, "tags": tags}


def json_object(file: Path) -> dict[str, Any]:
    """Returns the JSON object of the file of `--file`."""
    try:
        found: object = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file}: {error}", param_hint="--file") from error
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{file} is no JSON object", param_hint="--file")
    return cast("dict[str, Any]", found)
