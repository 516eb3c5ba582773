"""`penstock gate`: measure a release and its baseline, and decide whether it may follow."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.evaluation_progress import follow
from penstock.entrypoints.cli.evaluation_requests import dataset_version, evaluator_body, own_key
from penstock.entrypoints.cli.exits import CommandExit
from penstock.entrypoints.cli.gate_requirements import HELP, requirement
from penstock.entrypoints.cli.output import show_json, show_list
from penstock.kernel.errors import InvalidRequest

COLUMNS: Final = ("metric", "outcome", "candidate", "baseline", "measured", "says")
_RUN: Final = "evr_"
Format = Literal["text", "json", "markdown", "junit", "github"]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command."""
    app.command(name, help=line)(gate)


def gate(
    candidate: Annotated[str, typer.Argument(help="Hash of a release, or id of a run.")],
    baseline: Annotated[
        str, typer.Argument(help="The same, to compare with. [none: only --require with a bound]")
    ] = "",
    *,
    dataset: Annotated[
        str, typer.Option(metavar="NAME[@VERSION]", help="Items for the releases.")
    ] = "",
    evaluator: Annotated[
        list[str] | None, typer.Option(metavar="[NAME=]KIND[:JSON]", help="As for `eval run`.")
    ] = None,
    require: Annotated[list[str] | None, typer.Option(metavar="REQUIREMENT", help=HELP)] = None,
    use_case: Annotated[
        str, typer.Option(help="Its quality criteria hold, unless --require says something else.")
    ] = "",
    key: Annotated[str, typer.Option(help="Id of the key as which models are called.")] = "",
    split: Annotated[str, typer.Option(help="Only the items of this split.")] = "",
    repeats: Annotated[int, typer.Option(min=1, max=100, help="Calls of each item.")] = 1,
    cap: Annotated[float, typer.Option(min=0, help="Stop a run before it costs more, in USD.")] = 0,
    false_alarms: Annotated[
        float, typer.Option(help="Share of gates of equal releases that may fail.")
    ] = 0.05,
    coverage: Annotated[
        float, typer.Option(help="Share of items that must be measured in both.")
    ] = 0.9,
    format: Annotated[Format, typer.Option(help="What is printed.")] = "text",  # noqa: A002 - the option's name
    output: Annotated[Path | None, typer.Option(help="Write it to a file as well.")] = None,
    project: options.ProjectId = None,
    home: options.Home = None,
) -> None:
    """Decide whether a release may follow its baseline. Exit code 0: passed. 1: a regression, shown
    twice. 2: it could not be measured."""
    if output is not None and format in ("text", "json"):
        raise InvalidRequest("--output needs --format markdown, junit or github.")
    measured = {
        "evaluators": [evaluator_body(each) for each in evaluator or ()],
        "split": split,
        "repeats": repeats,
        "cost_cap_usd": cap,
    }
    demands = {
        "use_case": use_case,
        "thresholds": [requirement(each) for each in require or ()],
        "false_alarms": false_alarms,
        "coverage": coverage,
    }
    with open_api(home) as api:
        path = api.project(project)
        runs = _runs(api, path, [candidate, baseline], dataset, measured | {"key_id": key})
        body = demands | {"candidate": runs[0], "baseline": runs[1] if baseline else ""}
        decided = _decided(api, path, api.call("POST", f"{path}/gates", body))
        _show(api, path, decided, format, output)
    raise CommandExit(decided["exit_code"])


def _runs(
    api: Api, path: str, named: Sequence[str], dataset: str, measured: Mapping[str, Any]
) -> list[str]:
    """Returns the ids of runs that have ended: those that are named, or new ones of releases."""
    ids = [
        each if not each or each.startswith(_RUN) else _start(api, path, each, dataset, measured)
        for each in named
    ]
    for each in filter(None, ids):
        _wait(api, f"{path}/evaluations/{each}")
    return ids


def _wait(api: Api, run: str) -> None:
    follow(lambda: api.get(run), time.sleep)


def _start(api: Api, path: str, release: str, dataset: str, measured: Mapping[str, Any]) -> str:
    if not dataset or not measured["evaluators"]:
        raise InvalidRequest(
            "A release is measured on a dataset by evaluators.",
            hint="Add --dataset NAME and --evaluator KIND, or name runs: penstock eval list",
        )
    name, version = dataset_version(dataset)
    body = dict(measured) | {
        "dataset": name,
        "version": version,
        "target": {"release": release},
        "key_id": measured["key_id"] or own_key(api),
        "label": "gate",
    }
    return str(api.call("POST", f"{path}/evaluations", body)["id"])


def _decided(api: Api, path: str, found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Waits for the runs that confirm what looks worse, and decides."""
    if not found["confirming"]:
        return found
    typer.echo(
        f"It looks worse. The {found['items_to_confirm']} items on which the two differ are run "
        f"again for both.",
        err=True,
    )
    for each in found["confirming"]:
        _wait(api, f"{path}/evaluations/{each}")
    decided: Mapping[str, Any] = api.call("POST", f"{path}/gates/{found['id']}/decide")
    return decided


def _show(
    api: Api, path: str, found: Mapping[str, Any], wanted: Format, output: Path | None
) -> None:
    if wanted in ("text", "json"):
        _show_decision(found, as_json=wanted == "json")
        return
    answer = api.fetch("GET", f"{path}/gates/{found['id']}/report?format={wanted}")
    text = answer.body.decode()
    if output is not None:
        output.write_text(text)
    typer.echo(text, nl=False)


def _show_decision(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    rows = [
        {
            "metric": each["metric"],
            "outcome": each["outcome"],
            "candidate": _number(each["candidate"]),
            "baseline": _number(each["baseline"]),
            "measured": f"{each['pairs']} of {each['items']}",
            "says": each["text"],
        }
        for each in found["thresholds"]
    ]
    show_list(rows, COLUMNS, as_json=False, empty="No threshold.")
    proof = (
        f", evidence {found['evidence']} on {found['release'][:12]}" if found["evidence"] else ""
    )
    typer.echo(f"{found['id']}: {found['outcome']}{proof}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
