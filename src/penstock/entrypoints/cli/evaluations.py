"""`penstock eval`: measure releases, models and recorded outputs on a dataset."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import evaluation_schedules, options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.evaluation_endpoints import (
    EndpointField,
    EndpointHeader,
    EndpointModel,
    EndpointOptions,
    EndpointOutput,
    EndpointSecret,
    EndpointUrl,
)
from penstock.entrypoints.cli.evaluation_figures import show_figures
from penstock.entrypoints.cli.evaluation_progress import follow
from penstock.entrypoints.cli.evaluation_requests import dataset_version, evaluator_body, own_key
from penstock.entrypoints.cli.evaluation_targets import figures
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_json, show_list, show_record
from penstock.kernel.errors import InvalidRequest, PenstockError

COLUMNS: Final = ("id", "state", "dataset", "target", "done", "cost_usd", "label", "created_at")
METRIC_COLUMNS: Final = ("metric", "mean", "interval", "scored", "samples", "others")
DIFFERENCE_COLUMNS: Final = ("metric", "run", "before", "after", "items", "better", "worse", "says")
NONE_YET: Final = "No runs yet: penstock eval run DATASET --release HASH --evaluator KIND"
_UPLOAD_CHARS: Final = 400_000  # of the outputs of one request, below the server's body limit
_UPLOAD_ROWS: Final = 500

RunId = Annotated[str, typer.Argument(help="Id from `penstock eval list`.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end of the run.")]
Cap = Annotated[
    float | None, typer.Option("--cap", min=0, help="Stop before the run costs more, in USD.")
]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "run": run,
        "list": list_runs,
        "show": show,
        "compare": compare,
        "figures": figures,
        "cancel": cancel,
        "resume": resume,
        "remove": remove,
    }
    evaluation_schedules.register(add_group(app, name, line, commands))


def run(
    dataset: Annotated[str, typer.Argument(metavar="DATASET[@VERSION]", help="[newest version]")],
    *,
    evaluator: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]KIND[:JSON]",
            help='Such as equals, or ok=regex:{"pattern": "^Yes"} (repeatable).',
        ),
    ] = None,
    release: Annotated[str, typer.Option(help="Hash of a release, or its start.")] = "",
    model: Annotated[str, typer.Option(help="Route, PROVIDER/MODEL, or plain id.")] = "",
    prompt: Annotated[str, typer.Option(help="Hash of a prompt's version, for --model.")] = "",
    outputs: Annotated[
        Path | None, typer.Option(help="JSON lines: item_id, output, repeat, latency_ms, cost_usd.")
    ] = None,
    output_field: Annotated[
        str, typer.Option(help="Member of the items' metadata that has the outputs.")
    ] = "",
    endpoint: EndpointUrl = "",
    field: EndpointField = None,
    output_path: EndpointOutput = "output",
    endpoint_model: EndpointModel = "",
    header: EndpointHeader = "",
    header_secret: EndpointSecret = "",
    key: Annotated[str, typer.Option(help="Id of the key as which models are called.")] = "",
    split: Annotated[str, typer.Option(help="Only the items of this split.")] = "",
    item: Annotated[list[str] | None, typer.Option(help="Only this item (repeatable).")] = None,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="Calls of each item.")] = 1,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Calls at once.")] = 8,
    cap: Cap = None,
    label: Annotated[str, typer.Option(help="A text that says what the run is for.")] = "",
    baseline: Annotated[str, typer.Option(help="Run whose answers pairwise compares with.")] = "",
    user: Annotated[
        Path | None,
        typer.Option(help="JSON file: model, instructions, field, max_turns, stop of a user."),
    ] = None,
    wait: Wait = True,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Measure a release, a model, or recorded outputs on a dataset."""
    name, version = dataset_version(dataset)
    target = {
        "release": release or None,
        "model": model,
        "prompt": prompt or None,
        "output_field": output_field,
        "endpoint": EndpointOptions(
            endpoint, field, output_path, endpoint_model, header, header_secret
        ).body(),
    }
    body = {
        "dataset": name,
        "version": version,
        "target": {each: value for each, value in target.items() if value},
        "evaluators": [evaluator_body(each) for each in evaluator or ()],
        "key_id": key,
        "item_ids": item or [],
        "split": split,
        "repeats": repeats,
        "concurrency": concurrency,
        "cost_cap_usd": cap or 0,
        "label": label,
        "baseline_run": baseline,
        "user": json.loads(user.read_text()) if user else None,
    }
    rows = _read_outputs(outputs) if outputs else []
    with open_api(home) as api:
        path = f"{api.project(project)}/evaluations"
        if (release or model or endpoint) and not key:
            body["key_id"] = own_key(api)
        made = api.call("POST", path, body)
        if outputs:
            for batch in _batches(rows):
                api.call("POST", f"{path}/{made['id']}/outputs", {"outputs": batch})
            made = api.call("POST", f"{path}/{made['id']}/resume", {})
        _finish(api, path, made, wait=wait, as_json=as_json)


def list_runs(
    *,
    dataset: Annotated[str, typer.Option(help="Only runs of this dataset.")] = "",
    release: Annotated[str, typer.Option(help="Only runs of this release.")] = "",
    limit: options.Count = 20,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List evaluation runs, newest first."""
    with open_api(home) as api:
        path = f"{api.project(project)}/evaluations"
        found = list(api.items(path, limit, dataset=dataset, release=release))
    rows = found if as_json else [_row(each) for each in found]
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def show(
    run_id: RunId,
    *,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Show the report of a run: rates and means with intervals and denominators."""
    with open_api(home) as api:
        path = f"{api.project(project)}/evaluations"
        _show(api.get(f"{path}/{run_id}/report"), as_json=as_json)


def compare(
    runs: Annotated[list[str], typer.Argument(help="Two runs or more; the first is the base.")],
    *,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Compare runs with the first of them, on the items that they share."""
    with open_api(home) as api:
        found = api.get(f"{api.project(project)}/evaluations/compare", run=runs)
    if as_json:
        show_json(found)
        return
    for warning in found["warnings"]:
        typer.secho(warning, err=True, fg="yellow")
    rows = [_difference(each) for each in found["differences"]]
    show_list(rows, DIFFERENCE_COLUMNS, as_json=False, empty="The runs share no metric.")


def cancel(
    run_id: RunId,
    *,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """End a run where it is. What is measured is kept."""
    with open_api(home) as api:
        path = f"{api.project(project)}/evaluations/{run_id}/cancel"
        show_record(_row(api.call("POST", path, {})), as_json=as_json)


def resume(
    run_id: RunId,
    *,
    cap: Cap = None,
    wait: Wait = True,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Do what a run that ended early has left, and try again what failed."""
    with open_api(home) as api:
        path = f"{api.project(project)}/evaluations"
        made = api.call("POST", f"{path}/{run_id}/resume", {"cost_cap_usd": cap})
        _finish(api, path, made, wait=wait, as_json=as_json)


def remove(
    run_id: RunId,
    *,
    yes: options.Yes = False,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Remove a run that has ended, with its results. Evidence and what it refers to stay."""
    if not yes:
        typer.confirm(f"Remove the run {run_id} with its results?", abort=True)
    with open_api(home) as api:
        api.call("DELETE", f"{api.project(project)}/evaluations/{run_id}")
    show_record({"removed": run_id}, as_json=as_json)


def _finish(api: Api, path: str, made: Mapping[str, Any], *, wait: bool, as_json: bool) -> None:
    """Waits for the end of a run and shows its report. Raises `PenstockError` if it failed."""
    if not wait:
        show_record(made if as_json else _row(made), as_json=as_json)
        return
    ended = follow(lambda: api.get(f"{path}/{made['id']}"), time.sleep)
    _show(api.get(f"{path}/{made['id']}/report"), as_json=as_json)
    if ended["state"] != "done":
        raise PenstockError(
            f"The run {made['id']} is {ended['state']}. {ended['error']}".strip(),
            hint=f"Go on: penstock eval resume {made['id']}",
        )


def _show(report: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(report)
        return
    found = report["run"]
    show_record(_row(found) | {"rows": report["rows"]}, as_json=False)
    metrics = [_metric(each) for each in report["metrics"]]
    show_list(metrics, METRIC_COLUMNS, as_json=False, empty="Nothing is measured yet.")
    for each in report["metrics"]:
        show_figures(each)


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    progress = found["progress"]
    total = progress["total"]
    return {
        "id": found["id"],
        "state": found["state"],
        "dataset": f"{found['dataset']}@{found['version']}",
        "target": found["release"][:12] or "recorded outputs",
        "done": f"{progress['done']}/{total}" if total else progress["done"],
        "cost_usd": f"{progress['cost_usd']:.6g}",
        "label": found["label"],
        "created_at": found["created_at"],
    }


def _metric(found: Mapping[str, Any]) -> dict[str, Any]:
    estimate = found["estimate"]
    others = {name: count for name, count in found["states"].items() if name != "scored"}
    return {
        "metric": found["name"],
        "mean": _number(estimate["mean"]) or ", ".join(_labels(found["labels"])),
        "interval": _interval(estimate["low"], estimate["high"]),
        "scored": found["scored"],
        "samples": found["samples"],
        "others": ", ".join(f"{count} {name}" for name, count in others.items()),
    }


def _difference(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "metric": found["metric"],
        "run": found["run"],
        "before": _number(found["baseline"]["mean"]),
        "after": _number(found["candidate"]["mean"]),
        "items": found["items"],
        "better": found["better"],
        "worse": found["worse"],
        "says": found["text"],
    }


def _labels(counts: Mapping[str, int]) -> Iterator[str]:
    for label, count in sorted(counts.items(), key=lambda each: -each[1])[:5]:
        yield f"{label} {count}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.3g} to {high:.3g}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _read_outputs(path: Path) -> list[dict[str, Any]]:
    """Returns the rows of a file. Raises `InvalidRequest` that names a wrong line."""
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            raise InvalidRequest(f"Line {number} of {path} is no JSON: {error}.") from error
    return rows


def _batches(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        length = len(json.dumps(row))
        if batch and (size + length > _UPLOAD_CHARS or len(batch) >= _UPLOAD_ROWS):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch
