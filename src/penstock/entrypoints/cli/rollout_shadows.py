"""`penstock rollout shadow|shadow-report|end-shadow|testers`: changes that move no traffic."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.comparisons import (
    Environment,
    Reason,
    TesterOption,
    UseCase,
    pairs_of,
    rollout_path,
)
from penstock.entrypoints.cli.output import show_list, show_record

SIDE_COLUMNS: Final = ("side", "calls", "errors", "p50_ms", "p95_ms", "cost", "scores")
PAIR_COLUMNS: Final = ("trace_id", "original_trace_id", "status", "error", "difference")


def shadow(
    use_case: UseCase,
    release: Annotated[str, typer.Argument(help="Hash from `penstock release list`.")],
    *,
    usd_per_day: Annotated[float, typer.Option(min=0, help="What its calls may cost in a day.")],
    percent: Annotated[float, typer.Option(min=0.01, max=100, help="Share of the calls.")] = 10.0,
    calls: Annotated[int, typer.Option(min=1, max=32, help="At once, in each worker.")] = 4,
    environment: Environment = "production",
    message: Reason = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Let a release answer copies of calls; its answers are compared and go to nobody."""
    body = {
        "release": release,
        "percent": percent,
        "usd_per_day": f"{usd_per_day:.6f}",
        "max_calls": calls,
        "message": message,
    }
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        done = api.call("PUT", f"{path}/shadow", body | {"seen": _seen(api, path)})
    _show(done, as_json=as_json)


def end_shadow(
    use_case: UseCase,
    *,
    environment: Environment = "production",
    message: Reason = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """End the shadow of a use case."""
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        query = urlencode({"seen": _seen(api, path), "message": message})
        done = api.call("DELETE", f"{path}/shadow?{query}")
    _show(done, as_json=as_json)


def shadow_report(
    use_case: UseCase,
    *,
    days: Annotated[int, typer.Option(min=1, max=30, help="Of the last days.")] = 7,
    environment: Environment = "production",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Compare what the shadow answered with what the callers got."""
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        found = api.get(f"{path}/shadow?days={days}")
    if as_json:
        show_record(found, as_json=True)
        return
    sides = [_side(found, "shadow"), _side(found, "original")]
    show_list(sides, SIDE_COLUMNS, as_json=False, empty="No calls yet.")
    show_list(found["latest"], PAIR_COLUMNS, as_json=False, empty="No pair yet.")


def set_testers(
    use_case: UseCase,
    *,
    tester: TesterOption = None,
    environment: Environment = "production",
    message: Reason = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Give testers other arms, also while releases are compared; without --tester, none."""
    with open_api(home) as api:
        path = rollout_path(api, project, use_case, environment)
        body = {"overrides": pairs_of(tester), "seen": _seen(api, path), "message": message}
        done = api.call("PUT", f"{path}/testers", body)
    _show(done, as_json=as_json)


def _seen(api: Api, path: str) -> int:
    return int(api.get(path)["version"])


def _side(report: dict[str, Any], side: str) -> dict[str, Any]:
    scores = [
        f"{each['name']}={each[side]:.3g}" for each in report["scores"] if each[side] is not None
    ]
    return report[side] | {"side": side, "scores": ", ".join(scores)}


def _show(done: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_record(done, as_json=True)
        return
    found = done["shadow"]
    shown = {name: done[name] for name in ("use_case", "environment", "version")} | {
        "shadow": f"{found['release'][:12]} {found['percent']:g} %" if found else "none",
        "testers": ", ".join(f"{unit}={arm}" for unit, arm in done["overrides"].items()),
    }
    show_record(shown, as_json=False)
