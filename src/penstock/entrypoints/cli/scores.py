"""`penstock score`: scores, outcomes and their figures."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_json, show_list, show_record
from penstock.kernel.errors import InvalidRequest
from penstock.rules.scores.vocabulary import MAX_BATCH

COLUMNS: Final = ("time", "kind", "name", "value", "state", "source", "author", "use_case", "link")
MEASURES: Final = ("by", "name", "type", "count", "mean", "labels", "waiting")
FIGURES: Final = ("by", "units", "completed", "resolved", "handed over", "converted", "cost")
NONE_YET: Final = "No scores found: penstock score add NAME VALUE --trace ID"

Days = Annotated[float, typer.Option(min=0, help="Time range: the last days.")]
By = Annotated[
    Literal["", "time", "model", "use_case", "environment", "release", "arm", "prompt_version"],
    typer.Option(help="Group by this."),
]
Strings = list[str] | None


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "add": add,
        "import": import_scores,
        "list": list_scores,
        "measures": measures,
        "outcomes": outcomes,
    }
    add_group(app, name, line, commands)


def add(
    name: Annotated[str, typer.Argument(help="Name of the score, outcome or feedback.")],
    value: Annotated[str, typer.Argument(help="true, false, a number, or a category.")] = "",
    *,
    trace: Annotated[str, typer.Option(help="Trace id.")] = "",
    span: Annotated[str, typer.Option(help="Span id of a call in the trace.")] = "",
    session: Annotated[str, typer.Option(help="Session id.")] = "",
    kind: Annotated[Literal["score", "outcome", "feedback"], typer.Option()] = "score",
    source: Annotated[
        Literal["user", "code", "evaluator", "annotator"], typer.Option(help="Who has judged.")
    ] = "annotator",
    author: Annotated[str, typer.Option(help="Id or name of the judge.")] = "",
    comment: Annotated[str, typer.Option()] = "",
    state: Annotated[
        Literal["scored", "abstained", "unmeasured", "judge_error", "infrastructure_error"],
        typer.Option(help="Without a value: why there is none."),
    ] = "scored",
    amount: Annotated[str | None, typer.Option(help="Amount of an outcome.")] = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Store a score of a call, trace or session. Sent again, it changes nothing."""
    body = {
        "name": name,
        "value": _value(value),
        "trace_id": trace,
        "span_id": span,
        "session": session,
        "kind": kind,
        "source": source,
        "author": author,
        "comment": comment,
        "state": state,
        "amount": amount,
    }
    with open_api(home) as api:
        done = api.call("POST", f"/api/v1/scores{_query(project)}", body)
    show_record(done, as_json=as_json)


def import_scores(
    file: Annotated[Path, typer.Argument(help="JSON lines: a score each, as for the REST API.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Store the scores of a file. Those that are not valid are listed (exit code 1)."""
    accepted, rejected = 0, list[dict[str, Any]]()
    with open_api(home) as api:
        lines = _lines(file)
        while batch := list(islice(lines, MAX_BATCH)):
            body = {"scores": [score for _, score in batch]}
            done = api.call("POST", f"/api/v1/scores/batch{_query(project)}", body)
            accepted += done["accepted"]
            rejected += [
                {"line": batch[each["index"]][0], **each["error"]}
                for each in done["items"]
                if each["error"]
            ]
    if as_json:
        show_json({"accepted": accepted, "rejected": rejected})
    else:
        columns = ("line", "code", "detail")
        show_list(rejected, columns, as_json=False, empty=f"{accepted} scores stored.")
    if rejected:
        raise typer.Exit(1)


def list_scores(
    *,
    days: Days = 7.0,
    name: Strings = None,
    kind: Strings = None,
    source: Strings = None,
    use_case: Strings = None,
    release: Strings = None,
    prompt_version: Strings = None,
    trace: Annotated[str | None, typer.Option(help="Trace id.")] = None,
    search: Annotated[str | None, typer.Option(help="Text in comment or category.")] = None,
    limit: options.Count = 50,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List scores, newest first."""
    query = {
        "from": _since(days),
        "name": name,
        "kind": kind,
        "source": source,
        "use_case": use_case,
        "release": release,
        "prompt_version": prompt_version,
        "trace_id": trace,
        "q": search,
        "project_id": project,
    }
    with open_api(home) as api:
        found = list(api.items("/api/v1/scores", limit, **query))
    show_list(found, COLUMNS, as_json=as_json, empty=NONE_YET)


def measures(
    *,
    by: By = "",
    days: Days = 7.0,
    name: Strings = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show counts and means of scores by name."""
    query = {"from": _since(days), "by": by, "name": name, "project_id": project}
    with open_api(home) as api:
        found = api.get("/api/v1/scores/measures", **query)["items"]
    show_list(found, MEASURES, as_json=as_json, empty=NONE_YET)


def outcomes(
    *,
    by: By = "",
    days: Days = 7.0,
    unit: Annotated[Literal["session", "trace"], typer.Option(help="What is counted.")] = "session",
    use_case: Strings = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show completion, resolution, hand-over and conversion, and the cost per resolution."""
    query = {
        "from": _since(days),
        "by": by,
        "unit": unit,
        "use_case": use_case,
        "project_id": project,
    }
    with open_api(home) as api:
        found = api.get("/api/v1/outcomes", **query)["items"]
    rows = found if as_json else [_figures(each) for each in found]
    columns = (*FIGURES, "cost per resolution")
    show_list(rows, columns, as_json=as_json, empty=f"No calls with a {unit} found.")


def _figures(row: dict[str, Any]) -> dict[str, Any]:
    def share(name: str) -> str:
        counts = row["outcomes"][name]
        rate = "–" if counts["rate"] is None else f"{counts['rate']:.1%}"
        return f"{rate} ({counts['positive']} of {counts['measured']})"

    return {
        "by": row["by"],
        "units": row["units"],
        "completed": share("task_completed"),
        "resolved": share("resolved"),
        "handed over": share("handed_over"),
        "converted": share("converted"),
        "cost": row["cost"],
        "cost per resolution": row["cost_per_resolution"],
    }


def _value(text: str) -> bool | float | str | None:
    if text in {"true", "false"}:
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text or None


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, json.loads(line)
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}") from error


def _since(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def _query(project: str | None) -> str:
    return f"?project_id={project}" if project else ""
