"""`penstock rollout`: which release answers the calls of a use case."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

import typer

from penstock.entrypoints.cli import comparisons, options, rollout_shadows
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.comparisons import Environment, Reason, UseCase, rollout_path
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record
from penstock.kernel.errors import NotFound

COLUMNS: Final = ("use_case", "environment", "version", "arms", "updated_at")
CHANGE_COLUMNS: Final = ("version", "action", "arms", "author", "message", "changed_at")
NONE_YET: Final = "No rollouts yet: penstock rollout start USE_CASE RELEASE"
_SHORT: Final = 12  # characters of a hash in tables

Seen = Annotated[
    int | None, typer.Option(min=0, help="Version that you saw, 0 for none. [the present one]")
]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "start": start,
        "canary": comparisons.canary,
        "compare": comparisons.compare,
        "evidence": comparisons.evidence,
        "decisions": comparisons.decisions,
        "pause": comparisons.pause,
        "resume": comparisons.resume,
        "testers": rollout_shadows.set_testers,
        "shadow": rollout_shadows.shadow,
        "shadow-report": rollout_shadows.shadow_report,
        "end-shadow": rollout_shadows.end_shadow,
        "promote": comparisons.promote,
        "roll-back": comparisons.roll_back,
        "list": list_rollouts,
        "history": history,
        "undo": undo,
        "stop": stop,
    }
    add_group(app, name, line, commands)


def start(
    use_case: UseCase,
    release: Annotated[str, typer.Argument(help="Hash from `penstock release list`.")],
    *,
    environment: Environment = "production",
    message: Reason = "",
    seen: Seen = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Let a release answer all calls of a use case in an environment."""
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        body = {"release": release, "seen": _seen(api, path, seen), "message": message}
        done = api.call("PUT", path, body)
    _show(done, as_json=as_json)


def list_rollouts(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List what answers the calls of use cases."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/rollouts"))
    rows = found if as_json else map(_row, found)
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def history(
    use_case: UseCase,
    *,
    environment: Environment = "production",
    limit: options.Count = 20,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the changes of a rollout, newest first."""
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        found = list(api.items(f"{path}/history", limit))
    rows = found if as_json else map(_row, found)
    show_list(rows, CHANGE_COLUMNS, as_json=as_json, empty="It has had no release.")


def undo(
    use_case: UseCase,
    *,
    environment: Environment = "production",
    message: Reason = "",
    seen: Seen = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Bring back what was before the last change."""
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        body = {"seen": _seen(api, path, seen), "message": message}
        done = api.call("POST", f"{path}/undo", body)
    _show(done, as_json=as_json)


def stop(
    use_case: UseCase,
    *,
    environment: Environment = "production",
    message: Reason = "",
    seen: Seen = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Let no release answer the calls any more."""
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        query = urlencode({"seen": _seen(api, path, seen), "message": message})
        done = api.call("DELETE", f"{path}?{query}")
    _show(done, as_json=as_json)


def _seen(api: Api, path: str, seen: int | None) -> int:
    if seen is not None:
        return seen
    try:
        return int(api.get(path)["version"])
    except NotFound:
        return 0


def _show(done: dict[str, Any], *, as_json: bool) -> None:
    show_record(done if as_json else _row(done), as_json=as_json)


def _row(found: dict[str, Any]) -> dict[str, Any]:
    alone = len(found["arms"]) == 1
    arms = [
        each["release"][:_SHORT] if alone else f"{each['name']}={each['release'][:_SHORT]}"
        for each in found["arms"]
    ]
    return found | {"arms": arms or "stopped"}
