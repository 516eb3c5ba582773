"""`penstock online`: evaluators on a sample of live traffic."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.evaluation_requests import evaluator_body, own_key
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import Row, show_json, show_list, show_record
from penstock.entrypoints.cli.switches import switch_commands

COLUMNS: Final = ("name", "enabled", "evaluators", "share", "eligible", "measured", "cost", "note")
METRIC_COLUMNS: Final = ("group", "metric", "mean", "interval", "scored", "covered", "others")
WORST_COLUMNS: Final = ("called_at", "value", "trace_id", "release", "comment")
NONE_YET: Final = "None yet: penstock online set NAME --evaluator KIND --share 0.05"
NAMED: Final = "Name from `penstock online list`."

Name = Annotated[str, typer.Argument(help=NAMED)]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "set": set_rule,
        "list": list_rules,
        "show": show,
        "worst": worst,
        **switch_commands(
            _switch,
            named=NAMED,
            pause="Measure nothing until `resume`.",
            resume="Measure the calls that are stored from now on.",
            row=_row,
        ),
        "remove": remove,
    }
    add_group(app, name, line, commands)


def set_rule(
    name: Annotated[str, typer.Argument(help="A name of a-z, 0-9 and -.")],
    *,
    evaluator: Annotated[
        list[str],
        typer.Option(
            metavar="[NAME=]KIND[:JSON]",
            help='Such as language, or short=length:{"most": 500} (repeatable).',
        ),
    ],
    only: options.Condition = None,
    search: Annotated[str, typer.Option(help="Text in input or output.")] = "",
    share: Annotated[float, typer.Option(help="Part of the traces, such as 0.05.")] = 0.05,
    delay: Annotated[int, typer.Option(help="Seconds that a call waits.")] = 60,
    daily_calls: Annotated[int, typer.Option(help="Calls of one day (UTC), at most.")] = 1000,
    budget: Annotated[float, typer.Option(help="What judges may cost, in USD.")] = 0.0,
    period: Annotated[Literal["day", "month"], typer.Option(help="Of the budget.")] = "day",
    key: Annotated[str, typer.Option(help="Id of the key as which judges are called.")] = "",
    context: Annotated[str, typer.Option(help="Variable that has the passages.")] = "",
    version: Annotated[
        int | None, typer.Option(min=0, help="Version that you saw; 0 for a new one. [any]")
    ] = None,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Measure the calls that the filters select, from now on. With --version, a change of somebody
    else is a conflict."""
    body = {
        "filter": options.call_filter(only) | {"text": search},
        "evaluators": [evaluator_body(each) for each in evaluator],
        "share": share,
        "delay_s": delay,
        "daily_calls": daily_calls,
        "budget_usd": budget,
        "budget_period": period,
        "key_id": key,
        "context_variable": context,
        "version": version,
    }
    with open_api(home) as api:
        if budget and not key:
            body["key_id"] = own_key(api)
        found = api.call("PUT", _path(api, project, name), body)
    show_record(found if as_json else _row(found), as_json=as_json)


def list_rules(
    *,
    limit: options.Count = 50,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List online evaluations with the counts of the last seven days."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/online-evaluations", limit))
    rows = found if as_json else [_row(each) for each in found]
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def show(
    name: Name,
    *,
    since: Annotated[str, typer.Option("--from", help="Time (RFC 3339) [7 days ago].")] = "",
    until: Annotated[str, typer.Option("--to", help="Time (RFC 3339) [now].")] = "",
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Show rates and means of all calls and of each release, with intervals."""
    times = {key: value for key, value in (("from", since), ("to", until)) if value}
    with open_api(home) as api:
        path = _path(api, project, name)
        rule, figures = api.get(path), api.get(f"{path}/figures", **times)
    if as_json:
        show_json({"online_evaluation": rule, "figures": figures})
        return
    show_record(_row(rule) | _skipped(figures["total"]["counts"]), as_json=False)
    groups = [("all", figures["total"])]
    groups += [(each["value"][:12] or "no release", each) for each in figures["releases"]]
    rows = [_metric(group, *each) for group, found in groups for each in found["metrics"].items()]
    show_list(rows, METRIC_COLUMNS, as_json=False, empty="Nothing is measured yet.")


def worst(
    name: Name,
    metric: Annotated[str, typer.Argument(help="Name of an evaluator of it.")],
    *,
    limit: options.Count = 20,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List the calls with the worst values, among equal ones the newest."""
    with open_api(home) as api:
        path = f"{_path(api, project, name)}/worst"
        found = api.get(path, metric=metric, limit=str(limit))["items"]
    show_list(found, WORST_COLUMNS, as_json=as_json, empty="Nothing is measured yet.")


def remove(
    name: Name,
    *,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Remove an online evaluation; its scores stay."""
    with open_api(home) as api:
        api.call("DELETE", _path(api, project, name))
    show_record({"removed": name}, as_json=as_json)


def _switch(api: Api, project: str | None, name: str, *, enabled: bool) -> Row:
    return api.call("PATCH", _path(api, project, name), {"enabled": enabled})


def _path(api: Api, project: str | None, name: str) -> str:
    return f"{api.project(project)}/online-evaluations/{quote(name, safe='')}"


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    counts = found["counts"]
    spent = f"{found['spent_usd']:.4g} of {found['budget_usd']:g} USD"
    return {
        "name": found["name"],
        "version": found["version"],
        "enabled": found["enabled"],
        "evaluators": ", ".join(each["name"] for each in found["evaluators"]),
        "share": f"{found['share']:.3g}",
        "eligible": counts["eligible"],
        "measured": counts["measured"],
        "waiting": found["waiting"],
        "cost": f"{spent} this {found['budget_period']}" if found["budget_usd"] else "",
        "note": _note(found),
    }


def _note(found: Mapping[str, Any]) -> str:
    if found["error"]:
        return str(found["error"])
    if found["budget_spent"]:
        return f"the budget of this {found['budget_period']} is spent"
    return "" if found["enabled"] else "paused"


def _skipped(counts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: counts[name] for name in counts if name.startswith("skipped") and counts[name]}


def _metric(group: str, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    estimate = found["estimate"] or {"mean": None, "low": None, "high": None, "covered": None}
    others = {state: count for state, count in found["states"].items() if state != "scored"}
    labels = [f"{label} {count}" for label, count in found["labels"].items()]
    return {
        "group": group,
        "metric": name,
        "mean": _number(estimate["mean"]) or ", ".join(labels[:5]),
        "interval": _interval(estimate["low"], estimate["high"]),
        "scored": found["scored"],
        "covered": "" if estimate["covered"] is None else f"{estimate['covered']:.0%}",
        "others": ", ".join(f"{count} {state}" for state, count in others.items()),
    }


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.3g} to {high:.3g}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
