"""`penstock plan`, `apply` and `export`: the configuration of a project as files."""

from pathlib import Path
from typing import Annotated

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.declared.applying import apply_plan
from penstock.entrypoints.cli.declared.exporting import exported
from penstock.entrypoints.cli.declared.files import read_files
from penstock.entrypoints.cli.declared.model import ConfigurationPlan, ObjectAction
from penstock.entrypoints.cli.declared.planning import kinds_of, make_plan
from penstock.entrypoints.cli.declared.showing import COLORS, document_of, lines_of
from penstock.entrypoints.cli.exits import CommandExit
from penstock.entrypoints.cli.output import show_json

Files = Annotated[
    list[Path],
    typer.Option("--file", "-f", help="YAML or TOML file, or a folder of them (repeatable)."),
]
Prune = Annotated[
    bool,
    typer.Option(
        "--prune", help="Delete what no file names, of the kinds that the files have a list of."
    ),
]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command `plan`, `apply` or `export`."""
    app.command(name, help=line)({"plan": plan, "apply": apply, "export": export}[name])


def plan(
    *,
    file: Files,
    prune: Prune = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show what `penstock apply` would change. Exit code 0: nothing, 2: changes, 1: an error."""
    with open_api(home) as api:
        kinds = kinds_of(api, api.project(project))
        made = make_plan(kinds, read_files(file, kinds), prune=prune)
    _show(made, as_json=as_json)
    if made.pending:
        raise CommandExit(2)


def apply(
    *,
    file: Files,
    prune: Prune = False,
    yes: options.Yes = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Make the objects of a project as the files declare them. All files are checked before the
    first change. Asks before it deletes or replaces something."""
    with open_api(home) as api:
        kinds = kinds_of(api, api.project(project))
        made = make_plan(kinds, read_files(file, kinds), prune=prune)
        _show(made, as_json=as_json)
        removes = {ObjectAction.DELETE, ObjectAction.REPLACE}
        if not yes and any(change.action in removes for change in made.pending):
            typer.confirm("Go on?", abort=True, err=True)
        done = _silent if as_json else typer.echo
        apply_plan(api, made, done, lambda text: typer.secho(text, err=True, fg="yellow"))


def export(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
) -> None:
    """Print the configuration as YAML that `penstock apply` reads, without secrets."""
    with open_api(home) as api:
        typer.echo(exported(kinds_of(api, api.project(project))), nl=False)


def _show(made: ConfigurationPlan, *, as_json: bool) -> None:
    if as_json:
        show_json(document_of(made))
        return
    for line in lines_of(made):
        typer.secho(line, fg=COLORS.get(line[:1]))


def _silent(text: str) -> None:
    """JSON output is one document."""
