"""`penstock dataset add-traces` and `rule`: recorded calls become items, once or repeatedly."""

from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import Row, show_record
from penstock.entrypoints.cli.switches import switch_commands

NAMED: Final = "Name from `penstock dataset list`."

Name = Annotated[str, typer.Argument(help=NAMED)]
Search = Annotated[str, typer.Option(help="Text in input or output.")]
Feedback = Annotated[
    Literal["low", "high"] | None,
    typer.Option(help="Calls whose users were content (high), or not (low)."),
]
NoOutput = Annotated[
    bool, typer.Option("--no-output", help="Leave the recorded answer out of the metadata.")
]


def register_rules(group: typer.Typer) -> None:
    """Adds the commands of rules to the group of datasets."""
    commands = {
        "set": set_rule,
        "show": show_rule,
        **switch_commands(
            _switch,
            named=NAMED,
            pause="Add nothing until `resume`; what arrives until then is not added later.",
            resume="Add calls again, from now on.",
        ),
        "remove": remove_rule,
    }
    add_group(group, "rule", "Rules that add recorded calls again and again.", commands)


def add_traces(
    name: Name,
    *,
    span: Annotated[list[str] | None, typer.Option(help="Span of a call (repeatable).")] = None,
    only: options.Condition = None,
    search: Search = "",
    errors: options.Errors = False,
    feedback: Feedback = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=200, help="Calls.")] = 50,
    no_output: NoOutput = False,
    message: Annotated[str, typer.Option(help="What this version is.")] = "",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add recorded calls: by their spans, or the newest that the filters select."""
    chosen = _selection(only, search, feedback, errors=errors)
    if span and chosen != _selection(None, "", None, errors=False):
        raise typer.BadParameter("give either spans or filters", param_hint="--span")
    body: dict[str, Any] = {"keep_output": not no_output, "message": message}
    body |= {"span_ids": span} if span else {"filter": {**chosen, "limit": limit}}
    with open_api(home) as api:
        done = api.call("POST", f"{dataset_path(api, project, name)}/from-traces", body)
    show_record(done if as_json else _added(name, done), as_json=as_json)


def set_rule(
    name: Name,
    *,
    only: options.Condition = None,
    search: Search = "",
    errors: options.Errors = False,
    feedback: Feedback = None,
    share: Annotated[float, typer.Option(help="Part of the traces, such as 0.05.")] = 1.0,
    daily_cap: Annotated[int, typer.Option(help="Items of one day (UTC).")] = 100,
    interval: Annotated[int, typer.Option(help="Seconds between two versions.")] = 900,
    delay: Annotated[int, typer.Option(help="Seconds that a call waits for feedback.")] = 300,
    no_output: NoOutput = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add the calls that the filters select, from now on."""
    body = {
        "filter": _selection(only, search, feedback, errors=errors),
        "share": share,
        "daily_cap": daily_cap,
        "interval_s": interval,
        "delay_s": delay,
        "keep_output": not no_output,
    }
    with open_api(home) as api:
        rule = api.call("PUT", f"{dataset_path(api, project, name)}/rule", body)
    show_record(rule, as_json=as_json)


def show_rule(
    name: Name,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show the rule of a dataset, what it has added, and its last error."""
    with open_api(home) as api:
        show_record(api.get(f"{dataset_path(api, project, name)}/rule"), as_json=as_json)


def remove_rule(
    name: Name,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove the rule of a dataset; its items stay."""
    with open_api(home) as api:
        api.call("DELETE", f"{dataset_path(api, project, name)}/rule")
    show_record({"removed": f"rule of {name}"}, as_json=as_json)


def _switch(api: Api, project: str | None, name: str, *, enabled: bool) -> Row:
    path = f"{dataset_path(api, project, name)}/rule"
    return api.call("PATCH", path, {"enabled": enabled})


def dataset_path(api: Api, project: str | None, name: str) -> str:
    """Returns the API path of a dataset."""
    return f"{api.project(project)}/datasets/{quote(name, safe='')}"


def _selection(
    only: list[str] | None, search: str, feedback: str | None, *, errors: bool
) -> dict[str, Any]:
    other = {"text": search, "errors_only": errors, "feedback": feedback}
    return options.call_filter(only) | other


def _added(name: str, done: dict[str, Any]) -> dict[str, Any]:
    change = done["change"]
    counts = change["counts"] if change else {"added": 0, "changed": 0, "unchanged": 0}
    return {
        "dataset": name,
        "version": change["version"]["version"] if change else None,
        "added": counts["added"],
        "changed": counts["changed"],
        "unchanged": counts["unchanged"],
        "corrected": done["corrected"],
        "skipped": len(done["skipped"]),
    }
