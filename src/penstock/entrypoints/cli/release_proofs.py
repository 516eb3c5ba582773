"""The commands of `penstock release` about evidence and approvals."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.comparisons import Environment, UseCase
from penstock.entrypoints.cli.output import show_list, show_record

EVIDENCE_COLUMNS: Final = ("number", "kind", "result", "run", "expires_at", "author", "created_at")
APPROVAL_COLUMNS: Final = ("release", "use_case", "environment", "state", "requester", "actor")
_SHORT: Final = 12  # characters of a hash in tables

Release = Annotated[str, typer.Argument(help="Hash from `penstock release list`, or its start.")]
Why = Annotated[str, typer.Option("--message", "-m", help="Why.")]


def evidence(
    release: Release,
    *,
    kind: Annotated[str, typer.Option(help="What was tested, such as evals.")] = "",
    result: Annotated[str, typer.Option(help="passed, failed or unmeasurable.")] = "",
    run: Annotated[str, typer.Option(help="Id or address of the run.")] = "",
    figure: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A figure (repeatable).")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="Days after which it expires. [never]")
    ] = None,
    limit: options.Count = 20,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the evidence on a release; with --kind and --result, add some."""
    if bool(kind) != bool(result):
        raise typer.BadParameter("give --kind and --result together", param_hint="--result")
    with open_api(home) as api:
        path = f"{api.project(project)}/releases/{quote(release, safe='')}/evidence"
        if not kind:
            found = list(api.items(path, limit))
            empty = "No evidence yet: add --kind KIND --result passed"
            show_list(found, EVIDENCE_COLUMNS, as_json=as_json, empty=empty)
            return
        body: dict[str, Any] = {"kind": kind, "result": result, "run": run}
        body["figures"] = dict(map(_figure, figure or ()))
        if days is not None:
            body["expires_at"] = (datetime.now(UTC) + timedelta(days=days)).isoformat()
        done = api.call("POST", path, body)
    show_record(done if as_json else _short(done), as_json=as_json)


def approvals(
    *,
    state: Annotated[
        str | None, typer.Option(help="requested, approved, rejected or withdrawn.")
    ] = None,
    limit: options.Count = 50,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List approvals of releases, the last changed first."""
    with open_api(home) as api:
        path = f"{api.project(project)}/approvals"
        found = api.get(path, state=state, limit=limit)["items"]
    rows = found if as_json else map(_short, found)
    show_list(rows, APPROVAL_COLUMNS, as_json=as_json, empty="No approvals yet.")


def request_approval(
    release: Release,
    use_case: UseCase,
    *,
    environment: Environment = "production",
    message: Why = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Ask for the approval of a release."""
    place = (release, use_case, environment)
    _change("request", place, message, (project, home), as_json=as_json)


def approve(
    release: Release,
    use_case: UseCase,
    *,
    environment: Environment = "production",
    message: Why = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Approve the release of another author."""
    place = (release, use_case, environment)
    _change("approve", place, message, (project, home), as_json=as_json)


def reject(
    release: Release,
    use_case: UseCase,
    *,
    environment: Environment = "production",
    message: Why = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Reject a requested approval."""
    place = (release, use_case, environment)
    _change("reject", place, message, (project, home), as_json=as_json)


def withdraw_approval(
    release: Release,
    use_case: UseCase,
    *,
    environment: Environment = "production",
    message: Why = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Withdraw a request or an approval; what runs stays."""
    place = (release, use_case, environment)
    _change("withdraw", place, message, (project, home), as_json=as_json)


def _change(
    action: str,
    place: tuple[str, str, str],
    message: str,
    where: tuple[options.ProjectId, options.Home],
    *,
    as_json: bool,
) -> None:
    project, home = where
    release, use_case, environment = (quote(each, safe="") for each in place)
    with open_api(home) as api:
        path = f"{api.project(project)}/releases/{release}/approvals/{use_case}/{environment}"
        done = api.call("POST", f"{path}/{action}", {"message": message})
    show_record(done if as_json else _short(done), as_json=as_json)


def _figure(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not valid: write NAME=VALUE", param_hint="--figure"
        ) from None


def _short(found: dict[str, Any]) -> dict[str, Any]:
    return found | {"release": found["release"][:_SHORT]}
