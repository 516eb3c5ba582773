"""`penstock rollout canary|compare|…`: several releases under a plan."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.output import show_list, show_record

DECISION_COLUMNS: Final = ("decided_at", "decision", "arm", "reason")
EVIDENCE_COLUMNS: Final = ("arm", "guard", "candidate", "baseline", "beyond", "within", "enough")
_NUMBERS: Final = {"ratio", "margin", "limit"}
_TEXTS: Final = {"score", "action", "better"}

UseCase = Annotated[str, typer.Argument(help="Name from `penstock use-case list`.")]
Environment = Annotated[str, typer.Option("--environment", "-e", help="Environment.")]
Reason = Annotated[str, typer.Option("--message", "-m", help="Reason of the change.")]
Sticky = Annotated[
    Literal["request", "user", "session"],
    typer.Option("--sticky", help="What always meets the same release."),
]
GuardOption = Annotated[
    list[str] | None,
    typer.Option(
        "--guard",
        metavar="METRIC[,NAME=VALUE…]",
        help="errors, slow,limit=MS, cost,limit=USD or score,score=NAME,better=lower|higher; "
        "with ratio, margin, minimum, action=roll_back|pause (repeatable). [errors,margin=0.01]",
    ),
]
TesterOption = Annotated[
    list[str] | None,
    typer.Option("--tester", metavar="UNIT=ARM", help="The arm of a tester (repeatable)."),
]


def canary(
    use_case: UseCase,
    release: Annotated[str, typer.Argument(help="Hash from `penstock release list`.")],
    *,
    steps: Annotated[
        str, typer.Option(help="Shares of the calls in percent, in order.", metavar="PERCENT,…")
    ] = "10,50",
    hold_s: Annotated[int, typer.Option(min=0, help="Least time of each step, in seconds.")] = 600,
    guard: GuardOption = None,
    sticky: Sticky = "request",
    tester: TesterOption = None,
    environment: Environment = "production",
    message: Reason = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Let a release answer some calls, then more, and all if it is shown to be good enough."""
    plan = {
        "guards": _guards(guard),
        "steps": [{"percent": _number(each), "hold_s": hold_s} for each in steps.split(",")],
    }
    body = {"release": release, "plan": plan, "sticky": sticky, "overrides": pairs_of(tester)}
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        seen = int(api.get(path)["version"])
        done = api.call("POST", f"{path}/canary", body | {"seen": seen, "message": message})
    _show(done, as_json=as_json)


def compare(
    use_case: UseCase,
    arms: Annotated[
        list[str],
        typer.Argument(help="Releases with their shares, the baseline first.", metavar="RELEASE=%"),
    ],
    *,
    guard: GuardOption = None,
    sticky: Sticky = "user",
    tester: TesterOption = None,
    environment: Environment = "production",
    message: Reason = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Let several releases answer calls by shares that sum to 100; a bad one ends it."""
    shares = [(name, _number(value)) for name, value in pairs_of(arms).items()]
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        named = [api.get(f"{api.project(project)}/releases/{name}")["digest"] for name, _ in shares]
        body = {
            "arms": [
                {"release": digest, "percent": percent, "name": digest[:12]}
                for digest, (_, percent) in zip(named, shares, strict=True)
            ],
            "baseline": named[0][:12],
            "plan": {"guards": _guards(guard)},
            "sticky": sticky,
            "overrides": pairs_of(tester),
            "seen": int(api.get(path)["version"]),
            "message": message,
        }
        done = api.call("PUT", f"{path}/comparison", body)
    _show(done, as_json=as_json)


def evidence(
    use_case: UseCase,
    *,
    environment: Environment = "production",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Measure the arms now, and say what the rule would do."""
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        found = api.get(f"{path}/comparison/evidence")
    if as_json:
        show_record(found, as_json=True)
        return
    typer.echo(f"{found['decision']}: {found['reason']}")
    rows = [_evidence_row(each) for each in found["evidence"]["metrics"]]
    show_list(rows, EVIDENCE_COLUMNS, as_json=False, empty="No metric is compared.")


def decisions(
    use_case: UseCase,
    *,
    environment: Environment = "production",
    limit: options.Count = 20,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List what the rule decided, newest first."""
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        found = list(api.items(f"{path}/decisions", limit))
    show_list(found, DECISION_COLUMNS, as_json=as_json, empty="The rule has decided nothing.")


def pause(
    use_case: UseCase,
    *,
    environment: Environment = "production",
    message: Reason = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Keep the shares as they are; nothing is decided."""
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        done = api.call("POST", f"{path}/comparison/pause", {"message": message})
    _show(done, as_json=as_json)


def resume(
    use_case: UseCase,
    *,
    environment: Environment = "production",
    message: Reason = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Let the rule decide again; the comparison begins anew."""
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        done = api.call("POST", f"{path}/comparison/resume", {"message": message})
    _show(done, as_json=as_json)


def promote(
    use_case: UseCase,
    arm: Annotated[str, typer.Argument(help="Arm, if there are several candidates.")] = "",
    *,
    environment: Environment = "production",
    message: Reason = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Let a candidate answer all calls."""
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        body = {"seen": int(api.get(path)["version"]), "arm": arm, "message": message}
        done = api.call("POST", f"{path}/comparison/promote", body)
    show_record(done, as_json=as_json)


def roll_back(
    use_case: UseCase,
    *,
    environment: Environment = "production",
    message: Reason = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Let the baseline answer all calls again."""
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        body = {"seen": int(api.get(path)["version"]), "message": message}
        done = api.call("POST", f"{path}/comparison/roll-back", body)
    show_record(done, as_json=as_json)


def rollout_path(api: Api, project: str | None, use_case: str, environment: str) -> str:
    """Returns the path of a rollout in the REST API."""
    place = f"{quote(use_case, safe='')}/{quote(environment, safe='')}"
    return f"{api.project(project)}/rollouts/{place}"


def _guards(texts: Sequence[str] | None) -> list[dict[str, Any]]:
    return [_guard(each) for each in texts or ("errors,margin=0.01",)]


def _guard(text: str) -> dict[str, Any]:
    metric, *parts = text.split(",")
    found: dict[str, Any] = {"metric": metric}
    for name, value in pairs_of(parts).items():
        if name in _NUMBERS:
            found[name] = _number(value)
        elif name == "minimum":
            found[name] = int(_number(value))
        elif name in _TEXTS:
            found[name] = value
        else:
            raise typer.BadParameter(f"{name!r} is no part of a guard metric", param_hint="--guard")
    return found


def pairs_of(texts: Sequence[str] | None) -> dict[str, str]:
    """Returns options of the form NAME=VALUE. Raises `typer.BadParameter`."""
    found: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = text.rpartition("=")
        if not equals or not name or not value:
            raise typer.BadParameter(f"{text!r} is not valid: write NAME=VALUE")
        found[name] = value
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no number") from None


def _show(done: dict[str, Any], *, as_json: bool) -> None:
    show_record(done if as_json else _row(done), as_json=as_json)


def _row(done: dict[str, Any]) -> dict[str, Any]:
    """The parts that a table shows."""
    weights = done["periods"][-1]["weights"]
    shares = [f"{name} {weight / 100:g} %" for name, weight in weights.items()]
    shown = {name: done[name] for name in ("use_case", "environment", "version", "status")}
    return shown | {"shares": shares, "step": done["step"], "note": done["note"]}


def _evidence_row(metric: dict[str, Any]) -> dict[str, Any]:
    return metric | {name: _tally(metric[name]) for name in ("candidate", "baseline")}


def _tally(tally: dict[str, Any]) -> str:
    size = tally["size"]
    return f"{tally['total'] / size:.4g} of {size}" if size else "none"
