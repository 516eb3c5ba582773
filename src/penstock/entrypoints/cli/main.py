"""`penstock`: finds the command, imports only what it needs, and turns errors into one line.

Exit codes: 0 done · 1 refused or failed · 2 usage, settings or this machine · 3 not allowed ·
4 not found · 5 the server does not answer · 130 interrupted.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Annotated, Final

import typer

from penstock.kernel.errors import (
    Forbidden,
    NotFound,
    PenstockError,
    SetupError,
    Unauthenticated,
    UpstreamFailed,
    UpstreamTimeout,
)

HELP: Final = "Penstock: one gateway in front of every model, and one loop behind it."

# Name → (module with `register(app)`, one line for `penstock --help`), in the order of need.
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "up": ("processes", "Run everything on this machine: gateway, server, simulator if needed."),
    "demo": ("demo", "Send realistic traffic through the gateway."),
    "provider": ("providers", "Where models are: add, list, test, remove."),
    "key": ("keys", "Virtual keys: create, list, rotate, revoke, show."),
    "traces": ("traces", "What was called: list, show, tail."),
    "member": ("members", "Who may do what in a project: invite, list, role, remove."),
    "price": ("prices", "What a project really pays: add, list, remove."),
    "project": ("projects", "Projects: create, list."),
    "audit": ("audit", "Who changed what: list, verify, export."),
    "settings": ("settings", "The settings in force, and where each was set."),
    "spool": ("spool", "Call records that were set aside: list, retry."),
    "backup": ("backups", "Write a backup of everything while the server runs."),
    "restore": ("backups", "Fill an empty home from a backup."),
    "admin": ("admin", "For the person at this machine: reset the admin's password and key."),
    "reset": ("admin", "Delete this installation's data."),
    "gateway": ("processes", "Run a gateway alone, for a server elsewhere."),
    "server": ("processes", "Run the server alone."),
    "sim": ("processes", "Run the simulated provider alone."),
}
_EXITS: Final[tuple[tuple[type[PenstockError], int], ...]] = (
    (SetupError, 2),
    (Unauthenticated, 3),
    (Forbidden, 3),
    (NotFound, 4),
    (UpstreamFailed, 5),
    (UpstreamTimeout, 5),
)


def main() -> None:
    """The entry point: runs the command line of this process and exits."""
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str]) -> int:
    """Runs one command line and gives its exit code."""
    try:
        build(_named(argv))(list(argv), prog_name="penstock", standalone_mode=True)
    except PenstockError as error:
        typer.secho(f"penstock: {error.sentence()}", err=True, fg="red")
        return next((code for kind, code in _EXITS if isinstance(error, kind)), 1)
    except BrokenPipeError:  # `penstock traces list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def build(named: str | None) -> typer.Typer:
    """The application; only the named command is imported, of the others there is but the name.
    `None`: all of them, which takes half a second; Typer alone takes 60 ms."""
    app = typer.Typer(help=HELP, no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_options)
    for name, (module, line) in COMMANDS.items():
        if named in {None, name}:
            import_module(f"penstock.entrypoints.cli.{module}").register(app, name, line)
        else:
            app.command(name, help=line)(_elsewhere(name))
    return app


def _named(argv: Sequence[str]) -> str | None:
    """The command of this command line; empty for `penstock --help`."""
    if "_PENSTOCK_COMPLETE" in os.environ:  # noqa: TID251 - shell completion's own protocol
        return None
    return next((word for word in argv if not word.startswith("-")), "")


def _elsewhere(name: str) -> Callable[[], None]:
    def never() -> None:
        raise AssertionError(f"{name} was not imported")

    return never


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it with the flag's value
    if wanted:
        from importlib.metadata import version  # lazy: only here, 15 ms

        typer.echo(f"penstock {version('penstock')}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")
    ] = False,
) -> None:
    """What may stand before a command."""
    del version  # its callback has done it
