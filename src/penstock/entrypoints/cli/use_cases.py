"""`penstock use-case`: the catalogue of what language models serve."""

from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record
from penstock.kernel.errors import NotFound

COLUMNS: Final = ("name", "version", "status", "risk_tier", "owner", "environments", "updated_at")
NONE_YET: Final = "No use cases yet: penstock use-case set NAME"
_KEPT: Final = (
    *("owner", "purpose", "intended_domain", "intended_users", "risk_tier", "data_classes"),
    *("criteria", "status", "environments"),
)


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {"set": set_use_case, "list": list_use_cases, "show": show, "remove": remove}
    add_group(app, name, line, commands)


def set_use_case(
    name: Annotated[str, typer.Argument(help="Name that callers send as `model`.")],
    *,
    owner: Annotated[str | None, typer.Option(help="Who answers for it.")] = None,
    purpose: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    domain: Annotated[str | None, typer.Option(help="Where it is meant to be used.")] = None,
    users: Annotated[str | None, typer.Option(help="Who is meant to use it.")] = None,
    risk: Annotated[str | None, typer.Option(help="minimal, limited or high. [minimal]")] = None,
    data: Annotated[
        list[str] | None, typer.Option(help="Class of data that it sees (repeatable).")
    ] = None,
    criterion: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCORE>=VALUE", help="Target of quality; also SCORE<=VALUE (repeatable)."
        ),
    ] = None,
    status: Annotated[str | None, typer.Option(help="draft, active or retired. [draft]")] = None,
    environment: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=ROLE[:KIND,…]]",
            help="Environment, with the role that changes what runs in it; with admin or owner it "
            "is protected: it takes only releases with passed evidence, of these kinds if given "
            "(repeatable). [dev, staging, production=admin]",
        ),
    ] = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add a use case, or change what is given of it."""
    given = {
        "owner": owner,
        "purpose": purpose,
        "intended_domain": domain,
        "intended_users": users,
        "risk_tier": risk,
        "data_classes": data,
        "criteria": None if criterion is None else [_criterion(each) for each in criterion],
        "status": status,
        "environments": None if environment is None else [*map(_environment, environment)],
    }
    changes = {name: value for name, value in given.items() if value is not None}
    with open_api(home) as api:
        path = f"{api.project(project)}/use-cases"
        try:
            present = api.get(f"{path}/{name}")
        except NotFound:
            done = api.call("POST", path, changes | {"name": name})
        else:
            kept = {field: present[field] for field in _KEPT}
            body = kept | changes | {"version": present["version"]}
            done = api.call("PUT", f"{path}/{name}", body)
    show_record(done if as_json else _row(done), as_json=as_json)


def list_use_cases(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the use cases of the project."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/use-cases"))
    rows = found if as_json else map(_row, found)
    show_list(rows, COLUMNS, as_json=as_json, empty=NONE_YET)


def show(
    name: Annotated[str, typer.Argument(help="Name from `penstock use-case list`.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show a use case."""
    with open_api(home) as api:
        found = api.get(f"{api.project(project)}/use-cases/{name}")
    show_record(found if as_json else _row(found), as_json=as_json)


def remove(
    name: Annotated[str, typer.Argument(help="Name from `penstock use-case list`.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove a use case that has no release."""
    with open_api(home) as api:
        api.call("DELETE", f"{api.project(project)}/use-cases/{name}")
    show_record({"removed": name}, as_json=as_json)


def _criterion(text: str) -> dict[str, Any]:
    for sign, field in ((">=", "at_least"), ("<=", "at_most")):
        name, found, value = text.partition(sign)
        if found:
            try:
                return {"name": name.strip(), field: float(value)}
            except ValueError:
                break
    raise typer.BadParameter(
        f"{text!r} is not valid: write SCORE>=VALUE, such as helpful>=0.8",
        param_hint="--criterion",
    )


def _environment(text: str) -> dict[str, Any]:
    name, _, rule = text.partition("=")
    role, _, kinds = rule.partition(":")
    return {
        "name": name,
        "protected": role in {"admin", "owner"},
        "role": role or "editor",
        "evidence": [each for each in kinds.split(",") if each],
    }


def _row(use_case: dict[str, Any]) -> dict[str, Any]:
    environments = [
        each["name"] + (f"={each['role']}" if each["role"] != "editor" else "")
        for each in use_case["environments"]
    ]
    criteria = [_shown(each) for each in use_case["criteria"]]
    return use_case | {"environments": environments, "criteria": criteria}


def _shown(criterion: dict[str, Any]) -> str:
    signs = ((">=", criterion["at_least"]), ("<=", criterion["at_most"]))
    return criterion["name"] + "".join(f"{s}{v:g}" for s, v in signs if v is not None)
