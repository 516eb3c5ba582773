"""The commands `pause` and `resume`, which groups of rules and schedules have in the same form."""

from collections.abc import Callable
from typing import Annotated, Protocol

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.output import Row, show_record


class Switch(Protocol):
    """Switches what has this name on or off. `project` is its project, if one is named.
    Returns its document."""

    def __call__(self, api: Api, project: str | None, name: str, *, enabled: bool) -> Row: ...


def switch_commands(
    switch: Switch,
    *,
    named: str,
    pause: str,
    resume: str,
    row: Callable[[Row], Row] = dict,
) -> dict[str, Callable[..., None]]:
    """Returns both commands. `named`, `pause` and `resume` are the helps of the argument and of the
    commands; `row` makes of the document what is shown without `--json`."""

    def command(line: str, *, enabled: bool) -> Callable[..., None]:
        def run(
            name: Annotated[str, typer.Argument(help=named)],
            *,
            project: options.ProjectId = None,
            as_json: options.Json = False,
            home: options.Home = None,
        ) -> None:
            with open_api(home) as api:
                found = switch(api, project, name, enabled=enabled)
            show_record(found if as_json else row(found), as_json=as_json)

        run.__doc__ = line
        return run

    return {"pause": command(pause, enabled=False), "resume": command(resume, enabled=True)}
