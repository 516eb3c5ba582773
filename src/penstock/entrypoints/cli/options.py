"""Options that many commands share, declared once."""

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", help="This installation's folder. [PENSTOCK_HOME or ~/.penstock]"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
ProjectId = Annotated[
    str | None, typer.Option("--project", help="Project id. [the key's own project]")
]
Count = Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="How many at most.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
