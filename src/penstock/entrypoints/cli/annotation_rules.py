"""`penstock annotation rule`: rules that fill queues again and again."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.output import Row, show_list, show_record
from penstock.entrypoints.cli.switches import switch_commands

COLUMNS: Final = ("fills", "from", "choose", "added", "added_today", "paused", "error")
NONE_YET: Final = "No rules yet: penstock annotation rule set QUEUE --dataset DATASET"
NAMED: Final = "Name of the queue."
QueueName = Annotated[str, typer.Argument(help=NAMED)]


def set_rule(
    name: QueueName,
    *,
    dataset: Annotated[str, typer.Option(help="Dataset with recorded answers.")] = "",
    runs: Annotated[
        bool, typer.Option("--runs", help="Results of each new run of the dataset.")
    ] = False,
    queue: Annotated[str, typer.Option(help="Queue whose annotators differ.")] = "",
    online: Annotated[
        str, typer.Option(help="Online evaluation: calls that it measures from now on.")
    ] = "",
    split: Annotated[str, typer.Option(help="Split of the dataset. [all]")] = "",
    share: Annotated[float, typer.Option(help="Part of the items that is taken.")] = 1.0,
    choose: Annotated[
        str, typer.Option(help="Results or calls: all, low, or disagreement.")
    ] = "all",
    metric: Annotated[
        list[str] | None, typer.Option(help="Metric by which to choose (repeatable).")
    ] = None,
    at_most: Annotated[
        float, typer.Option(help="Values up to this are low (from this, if less is better).")
    ] = 0.5,
    suggest: Annotated[str, typer.Option(help="Metric whose values are suggestions.")] = "",
    daily_cap: Annotated[int, typer.Option(min=1, help="Items of a day at most (UTC).")] = 100,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Set the rule of a queue, in place of another one: follow a dataset, its runs, another queue,
    or an online evaluation."""
    body = {
        "dataset": dataset,
        "runs": runs,
        "queue": queue,
        "online": online,
        "split": split,
        "share": share,
        "choose": choose,
        "metrics": metric or [],
        "at_most": at_most,
        "suggest": suggest,
        "daily_cap": daily_cap,
    }
    with open_api(home) as api:
        made = api.call("PUT", f"{queue_path(api.project(project), name)}/rule", body)
    show_record(made, as_json=as_json)


def list_rules(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the rules of all queues, with what they have added."""
    with open_api(home) as api:
        found = api.get(f"{api.project(project)}/annotation/rules")["items"]
    rows = found if as_json else [each | {"from": _source(each)} for each in found]
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def show_rule(
    name: QueueName,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show the rule of a queue, and what it has done."""
    with open_api(home) as api:
        found = api.get(f"{queue_path(api.project(project), name)}/rule")
    show_record(found, as_json=as_json)


def remove_rule(
    name: QueueName, *, project: options.ProjectId = None, home: options.Home = None
) -> None:
    """Remove the rule of a queue; its items stay."""
    with open_api(home) as api:
        api.call("DELETE", f"{queue_path(api.project(project), name)}/rule")


def queue_path(project: str, name: str) -> str:
    """Returns the path of a queue; `project` is that of its project."""
    return f"{project}/annotation/queues/{quote(name, safe='')}"


def _switch(api: Api, project: str | None, name: str, *, enabled: bool) -> Row:
    path = f"{queue_path(api.project(project), name)}/rule"
    return api.call("PATCH", path, {"paused": not enabled})


def _source(rule: Mapping[str, Any]) -> str:
    if rule["queue"]:
        return f"queue {rule['queue']}"
    if rule["online"]:
        return f"online {rule['online']}"
    return f"runs of {rule['dataset']}" if rule["runs"] else f"dataset {rule['dataset']}"


RULE_COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "set": set_rule,
    "list": list_rules,
    "show": show_rule,
    **switch_commands(
        _switch,
        named=NAMED,
        pause="Pause the rule of a queue; its items stay.",
        resume="Let the rule of a queue go on from where it was.",
    ),
    "remove": remove_rule,
}
