"""`penstock eval schedule`: runs that start at times, and after changes of the project."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.evaluation_requests import dataset_version, evaluator_body, own_key
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import Row, show_list, show_record
from penstock.entrypoints.cli.switches import switch_commands

COLUMNS: Final = ("name", "state", "dataset", "target", "starts", "next_at", "last", "cost", "note")
START_COLUMNS: Final = ("at", "outcome", "cause", "run_id", "run_state", "reason")
NONE_YET: Final = "None yet: penstock eval schedule set NAME DATASET --cron '0 6 * * *'"

NAMED: Final = "Name from `penstock eval schedule list`."

Name = Annotated[str, typer.Argument(help=NAMED)]


def register(app: typer.Typer) -> None:
    """Adds the command group."""
    commands = {
        "set": set_schedule,
        "list": list_schedules,
        "show": show,
        "start": start,
        **switch_commands(
            _switch,
            named=NAMED,
            pause="Start nothing until `resume`. A run that has started goes on.",
            resume="Start runs for times and changes from now on.",
            row=_row,
        ),
        "remove": remove,
    }
    add_group(app, "schedule", "Start runs at times, and after changes of the project.", commands)


def set_schedule(
    name: Annotated[str, typer.Argument(help="A name of a-z, 0-9 and -.")],
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET[@VERSION]", help="[newest at each start]")
    ],
    *,
    cron: Annotated[str, typer.Option(help="Five fields, such as '0 6 * * 1-5'.")] = "",
    time_zone: Annotated[str, typer.Option(help="Of --cron, such as Europe/Berlin.")] = "UTC",
    on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EVENT[:NAME][@LABEL]",
            help="prompt_version:NAME, prompt_label:NAME@LABEL, release:PROMPT or "
            "dataset_version:NAME (repeatable).",
        ),
    ] = None,
    evaluator: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]KIND[:JSON]",
            help='Such as equals, or ok=regex:{"pattern": "^Yes"} (repeatable).',
        ),
    ] = None,
    release: Annotated[
        str, typer.Option(help="Hash of a release, or `triggering` for that of the event.")
    ] = "",
    model: Annotated[str, typer.Option(help="Route, PROVIDER/MODEL, or plain id.")] = "",
    prompt: Annotated[
        str, typer.Option(metavar="NAME[@VERSION]", help="For --model: a label, number, latest.")
    ] = "",
    use_case: Annotated[
        str, typer.Option(metavar="NAME/ENVIRONMENT", help="The release that answers there.")
    ] = "",
    output_field: Annotated[
        str, typer.Option(help="Member of the items' metadata that has the outputs.")
    ] = "",
    key: Annotated[str, typer.Option(help="Id of the key as which models are called.")] = "",
    split: Annotated[str, typer.Option(help="Only the items of this split.")] = "",
    repeats: Annotated[int, typer.Option(min=1, max=100, help="Calls of each item.")] = 1,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Calls at once.")] = 8,
    cap: Annotated[float, typer.Option(min=0, help="What a run may cost, in USD.")] = 0.0,
    budget: Annotated[float, typer.Option(min=0, help="What all runs may cost, in USD.")] = 0.0,
    period: Annotated[Literal["day", "month"], typer.Option(help="Of the budget (UTC).")] = "month",
    keep: Annotated[int, typer.Option(min=1, max=1000, help="Runs to keep, the newest.")] = 200,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Start runs at times or after changes, from now on."""
    dataset_name, version = dataset_version(dataset)
    body = {
        "dataset": dataset_name,
        "version": version,
        "target": _target(release, model, prompt, use_case) | {"output_field": output_field},
        "cron": cron,
        "time_zone": time_zone,
        "triggers": [_trigger(each) for each in on or ()],
        "evaluators": [evaluator_body(each) for each in evaluator or ()],
        "key_id": key,
        "split": split,
        "repeats": repeats,
        "concurrency": concurrency,
        "cost_cap_usd": cap,
        "budget_usd": budget,
        "budget_period": period,
        "keep_runs": keep,
    }
    with open_api(home) as api:
        if not key and not output_field:
            body["key_id"] = own_key(api)
        found = api.call("PUT", _path(api, project, name), body)
    show_record(found if as_json else _row(found), as_json=as_json)


def list_schedules(
    *,
    limit: options.Count = 50,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List schedules with their next and last start."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/evaluation-schedules", limit))
    rows = found if as_json else [_row(each) for each in found]
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def show(
    name: Name,
    *,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Show a schedule, and what it has started, skipped, or could not start."""
    with open_api(home) as api:
        path = _path(api, project, name)
        found, starts = api.get(path), api.get(f"{path}/starts")["items"]
    if as_json:
        show_record(found | {"starts": starts}, as_json=True)
        return
    show_record(_row(found), as_json=False)
    show_list(starts, START_COLUMNS, as_json=False, empty="Nothing has started yet.")


def start(
    name: Name,
    *,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Start a run now, within the budget, unless the last one has not ended."""
    with open_api(home) as api:
        run = api.call("POST", f"{_path(api, project, name)}/start", {})
    record = {"run": run["id"], "dataset": f"{run['dataset']}@{run['version']}"}
    show_record(run if as_json else record, as_json=as_json)


def remove(
    name: Name,
    *,
    project: options.ProjectId = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Remove a schedule; its runs stay."""
    with open_api(home) as api:
        api.call("DELETE", _path(api, project, name))
    show_record({"removed": name}, as_json=as_json)


def _switch(api: Api, project: str | None, name: str, *, enabled: bool) -> Row:
    return api.call("PATCH", _path(api, project, name), {"enabled": enabled})


def _path(api: Api, project: str | None, name: str) -> str:
    return f"{api.project(project)}/evaluation-schedules/{quote(name, safe='')}"


def _target(release: str, model: str, prompt: str, use_case: str) -> dict[str, Any]:
    triggering = release == "triggering"
    prompt_name, _, version = prompt.partition("@")
    place, _, environment = use_case.partition("/")
    return {
        "release": "" if triggering else release,
        "triggering_release": triggering,
        "model": model,
        "prompt": prompt_name,
        "prompt_version": version,
        "use_case": place,
        "environment": environment,
    }


def _trigger(text: str) -> dict[str, str]:
    event, _, rest = text.partition(":")
    name, _, label = rest.partition("@")
    return {"event": event, "name": name, "label": label}


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    last = found["last"] or {"outcome": "", "at": ""}
    spent = f"{found['spent_usd']:.4g} of {found['budget_usd']:g} USD"
    return {
        "name": found["name"],
        "state": found["state"],
        "dataset": found["dataset"] + (f"@{found['version']}" if found["version"] else ""),
        "target": _shown_target(found["target"]),
        "starts": ", ".join(_starts(found)),
        "next_at": found["next_at"],
        "last": f"{last['outcome']} {last['at']}".strip(),
        "run": f"{found['run_id']} {found['run_state'] or ''}".strip(),
        "keeps": f"{found['keep_runs']} runs",
        "cost": f"{spent} this {found['budget_period']}" if found["budget_usd"] else "",
        "note": found["error"],
    }


def _starts(found: Mapping[str, Any]) -> list[str]:
    times = [f"{found['cron']} {found['time_zone']}"] if found["cron"] else []
    for each in found["triggers"]:
        name = f":{each['name']}" if each["name"] else ""
        times.append(each["event"] + name + (f"@{each['label']}" if each["label"] else ""))
    return times


def _shown_target(target: Mapping[str, Any]) -> str:
    if target["use_case"]:
        return f"{target['use_case']}/{target['environment']}"
    if target["triggering_release"]:
        return "the triggering release"
    version = target["prompt_version"]
    prompt = f" {target['prompt']}" + (f"@{version}" if version else "") if target["prompt"] else ""
    return target["release"][:12] or target["model"] + prompt or target["output_field"]
