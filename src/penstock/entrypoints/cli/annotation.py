"""`penstock annotation`: queues of answers that annotators label."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.annotation_rules import RULE_COMMANDS, QueueName, queue_path
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_json, show_list, show_record

COLUMNS: Final = ("name", "kind", "items", "open", "to_decide", "score")
JUDGE_COLUMNS: Final = ("metric", "kind", "labels", "kappa", "sensitivity", "specificity", "reason")
PAIR_COLUMNS: Final = ("first", "second", "agreed", "items", "kappa", "reason")
NONE_YET: Final = "No queues yet: penstock annotation add NAME --question …"
ANNOTATOR_COLUMNS: Final = ("annotator", "labelled", "skipped", "last_at")
Guidelines = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Markdown file; it stands beside the items."),
]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "add": add,
        "list": list_queues,
        "show": show,
        "change": change,
        "fill": fill,
        "agreement": agreement,
        "labels": labels,
        "export": export,
        "judge": judge,
        "judges": judges,
        "remove": remove,
    }
    group = add_group(app, name, line, commands)
    add_group(group, "rule", "Rules that fill queues again and again.", RULE_COMMANDS)


def add(
    name: QueueName,
    *,
    score: Annotated[str, typer.Option(help="Name of the score that labels become.")],
    kind: Annotated[
        str, typer.Option(help="binary, ordinal, categorical, pairwise, text, or spans.")
    ] = "binary",
    question: Annotated[str, typer.Option(help="What annotators are asked.")] = "",
    choice: Annotated[
        list[str] | None, typer.Option(help="A choice (repeatable), the lowest grade first.")
    ] = None,
    guidelines: Guidelines = None,
    overlap: Annotated[int, typer.Option(min=1, help="Annotators of each item.")] = 1,
    annotator: Annotated[
        list[str] | None, typer.Option(help="E-mail address (repeatable). [all who may annotate]")
    ] = None,
    adjudicator: Annotated[str, typer.Option(help="E-mail address of who decides.")] = "",
    suggestions: Annotated[
        bool, typer.Option("--suggestions/--no-suggestions", help="Annotators see suggestions.")
    ] = True,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add a queue."""
    choices = [{"value": each} for each in choice or []]
    body = {
        "name": name,
        "label_schema": {"kind": kind, "question": question, "choices": choices},
        "score": score,
        "guidelines": guidelines.read_text() if guidelines else "",
        "overlap": overlap,
        "annotators": annotator or [],
        "adjudicator": adjudicator,
        "shows_suggestions": suggestions,
    }
    with open_api(home) as api:
        made = api.call("POST", f"{api.project(project)}/annotation/queues", body)
    show_record(_row(made), as_json=as_json)


def list_queues(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List queues with their progress."""
    with open_api(home) as api:
        found = api.get(f"{api.project(project)}/annotation/queues")["items"]
    show_list([_row(each) for each in found], COLUMNS, as_json=as_json, empty=NONE_YET)


def show(
    name: QueueName,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show a queue: its question, its guidelines, and the work of each annotator."""
    with open_api(home) as api:
        found = api.get(queue_path(api.project(project), name))
    if as_json:
        show_record(found, as_json=True)
        return
    schema, progress = found.pop("label_schema"), found.pop("progress")
    annotators = progress.pop("annotators")
    choices = [each["value"] for each in schema["choices"]]
    about = {"kind": schema["kind"], "question": schema["question"], "choices": choices}
    show_record(found | about | progress, as_json=False)
    show_list(annotators, ANNOTATOR_COLUMNS, as_json=False, empty="Nobody has labelled yet.")


def change(
    name: QueueName,
    *,
    description: Annotated[str | None, typer.Option(help="Markdown.")] = None,
    guidelines: Guidelines = None,
    overlap: Annotated[int | None, typer.Option(min=1, help="Annotators of each item.")] = None,
    adjudicator: Annotated[str | None, typer.Option(help="E-mail address of who decides.")] = None,
    suggestions: Annotated[
        bool | None,
        typer.Option("--suggestions/--no-suggestions", help="Whether annotators see suggestions."),
    ] = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Change a queue; what is not given stays."""
    body = {
        "description": description,
        "guidelines": guidelines.read_text() if guidelines else None,
        "overlap": overlap,
        "adjudicator": adjudicator,
        "shows_suggestions": suggestions,
    }
    with open_api(home) as api:
        made = api.call("PATCH", queue_path(api.project(project), name), body)
    show_record(_row(made), as_json=as_json)


def fill(
    name: QueueName,
    *,
    dataset: Annotated[str, typer.Option(help="Dataset with recorded answers.")] = "",
    run: Annotated[str, typer.Option(help="Evaluation run.")] = "",
    other_run: Annotated[str, typer.Option(help="Run with the second answers of pairs.")] = "",
    queue: Annotated[str, typer.Option(help="Queue whose annotators differ.")] = "",
    choose: Annotated[str, typer.Option(help="Results: all, low, or disagreement.")] = "all",
    metric: Annotated[
        list[str] | None, typer.Option(help="Metric by which to choose (repeatable).")
    ] = None,
    suggest: Annotated[str, typer.Option(help="Metric whose values are suggestions.")] = "",
    share: Annotated[float, typer.Option(help="Part of the items that is taken.")] = 1.0,
    limit: Annotated[int, typer.Option(min=1, help="Items at most.")] = 1000,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add items: of a dataset, of a run, or of another queue."""
    body = {
        "dataset": dataset,
        "run": run,
        "other_run": other_run,
        "queue": queue,
        "choose": choose,
        "metrics": metric or [],
        "suggest": suggest,
        "share": share,
        "limit": limit,
    }
    with open_api(home) as api:
        done = api.call("POST", f"{queue_path(api.project(project), name)}/items", body)
    show_record(done, as_json=as_json)


def agreement(
    name: QueueName,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show how well annotators agree."""
    with open_api(home) as api:
        found = api.get(f"{queue_path(api.project(project), name)}/agreement")
    if as_json:
        show_record(found, as_json=True)
        return
    pairs = [each | {"kappa": _interval(each["kappa"])} for each in found.pop("pairs")]
    interval = found.pop("interval")
    show_record(found | {"interval": _interval(interval)}, as_json=False)
    show_list(pairs, PAIR_COLUMNS, as_json=False, empty="No item has two labels yet.")


def labels(
    name: QueueName,
    *,
    state: Annotated[
        str, typer.Option(help="Items: all, open, labelled, differing, or decided.")
    ] = "labelled",
    project: options.ProjectId = None,
    home: options.Home = None,
) -> None:
    """Print the items of a queue with all labels, one JSON document on each line."""
    wanted = "" if state == "all" else state
    with open_api(home) as api:
        for each in api.items(f"{queue_path(api.project(project), name)}/items", state=wanted):
            show_json(each, lines=True)


def export(
    name: QueueName,
    dataset: Annotated[str, typer.Argument(help="Dataset, made if there is none.")],
    *,
    expected: Annotated[str, typer.Option(help="What is expected: answer or label.")] = "answer",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add labelled items to a dataset, as a new version."""
    body = {"dataset": dataset, "expected": expected}
    with open_api(home) as api:
        done = api.call("POST", f"{queue_path(api.project(project), name)}/examples", body)
    show_record(done, as_json=as_json)


def judge(
    name: QueueName,
    model: Annotated[str, typer.Argument(help="Model that judges.")],
    *,
    item: Annotated[str, typer.Option(help="Item whose remarks the judge gets, too.")] = "",
    project: options.ProjectId = None,
    home: options.Home = None,
) -> None:
    """Print a judge that asks the question of a queue, for the file of an evaluation run."""
    with open_api(home) as api:
        path = f"{queue_path(api.project(project), name)}/evaluator"
        show_json(api.get(path, model=model, item_id=item))


def judges(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show how well judges agree with human labels."""
    with open_api(home) as api:
        found = api.get(f"{api.project(project)}/annotation/judges")["items"]
    rates = ("kappa", "sensitivity", "specificity")
    rows = [
        each | {"labels": judged_labels(each), **{name: _interval(each[name]) for name in rates}}
        for each in found
    ]
    empty = "No judge has human labels yet: fill a queue with results of its run."
    show_list(found if as_json else rows, JUDGE_COLUMNS, as_json=as_json, empty=empty)


def remove(
    name: QueueName, *, project: options.ProjectId = None, home: options.Home = None
) -> None:
    """Remove a queue with its items and labels."""
    with open_api(home) as api:
        api.call("DELETE", queue_path(api.project(project), name))


def _row(queue: dict[str, Any]) -> dict[str, Any]:
    progress = queue["progress"]
    return queue | {
        "kind": queue["label_schema"]["kind"],
        "items": progress["items"],
        "open": progress["open"],
        "to_decide": progress["waiting"],
    }


def judged_labels(judge: dict[str, Any]) -> str:
    """Returns the labels that were compared, with the items behind them if not all were read."""
    compared, labelled = judge["compared_items"], judge["labelled_items"]
    if compared == labelled:
        return str(judge["labels"])
    return f"{judge['labels']} (first {compared:,} of {labelled:,} items)"


def _interval(found: dict[str, float] | None) -> str:
    if found is None:
        return ""
    return f"{found['estimate']:.2f} ({found['low']:.2f} to {found['high']:.2f})"
