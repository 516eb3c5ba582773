"""The options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

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
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
KeyRole = Literal["viewer", "editor", "admin"]
KeyPriority = Literal["low", "normal", "high"]
MemberRole = Literal["annotator", "viewer", "editor", "admin", "owner"]
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
