"""`penstock eval figures`: the targets of a dataset with quality, cost and latency."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.evaluation_requests import dataset_version
from penstock.entrypoints.cli.output import show_json, show_list

COLUMNS: Final = ("target", "runs", "mean", "interval", "usd", "p50_ms", "p95_ms", "best")
NONE_YET: Final = "No run on this dataset is done: penstock eval run DATASET"


def figures(
    dataset: Annotated[str, typer.Argument(metavar="DATASET[@VERSION]", help="[newest measured]")],
    *,
    metric: Annotated[str, typer.Option(help="Its name in the runs. [first of the newest]")] = "",
    split: Annotated[str, typer.Option(help="Runs on this split. [whole versions]")] = "",
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Show what was measured on a dataset: each target's newest run, and which are best."""
    name, version = dataset_version(dataset)
    with open_api(home) as api:
        path = f"{api.project(project)}/evaluations/figures"
        found = api.get(path, dataset=name, version=version, metric=metric, split=split)
    if as_json:
        show_json(found)
        return
    typer.echo(f"{found['metric']} on {name}@{found['version']}")
    show_list([_row(each) for each in found["targets"]], COLUMNS, as_json=False, empty=NONE_YET)
    if found["truncated"]:
        typer.secho("Older runs, or further targets, are left out.", err=True, fg="yellow")


def _row(target: Mapping[str, Any]) -> dict[str, Any]:
    latest: Mapping[str, Any] = target["latest"] or {}
    estimate: Mapping[str, Any] = latest.get("estimate") or {}
    low, high = estimate.get("low"), estimate.get("high")
    name = target["model"] and f"{target['model']} {target['release'][:8]}"
    return {
        "target": name or target["release"][:12] or target["label"] or "recorded outputs",
        "runs": len(target["history"]),
        "mean": _number(estimate.get("mean")),
        "interval": "" if low is None or high is None else f"{low:.3g} to {high:.3g}",
        "usd": _number(latest.get("cost_usd")),
        "p50_ms": _number(latest.get("latency_p50_ms")),
        "p95_ms": _number(latest.get("latency_p95_ms")),
        "best": "yes" if target["on_frontier"] else "",
    }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
