"""Groups of commands, such as `penstock key`."""

from collections.abc import Callable, Mapping

import typer


def add_group(
    app: typer.Typer, name: str, line: str, commands: Mapping[str, Callable[..., None]]
) -> typer.Typer:
    """Adds the group `name` with its commands and returns it; `line` is its help."""
    group = typer.Typer(help=line, no_args_is_help=True)
    for command, run in commands.items():
        group.command(command)(run)
    app.add_typer(group, name=name)
    return group
