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
MemberRole = Literal["viewer", "editor", "admin", "owner"]
