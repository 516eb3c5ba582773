"""`penstock member`: who takes part in a project, and as what."""

from typing import Annotated, Literal

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.output import show_json, show_list, show_record
from penstock.kernel.errors import NotFound

INVITATION_COLUMNS = ("id", "email", "role", "state", "redeemed_by", "expires_at")
COLUMNS = ("email", "role", "user_id", "created_at")
RoleName = Literal["viewer", "editor", "admin", "owner"]
Person = Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail address or user id.")]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the group."""
    group = typer.Typer(help=line, no_args_is_help=True)
    group.command("invite")(invite)
    group.command("invitations")(list_invitations)
    group.command("revoke")(revoke)
    group.command("list")(list_members)
    group.command("role")(change_role)
    group.command("remove")(remove)
    group.command("password")(reset_password)
    app.add_typer(group, name=name)


def invite(
    email: Annotated[str, typer.Argument(help="Who it is for: a label, checked by nobody.")],
    *,
    role: RoleName = "viewer",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Make a one-time link by which somebody becomes a member. It is printed this once."""
    with open_api(home) as api:
        path = f"{api.project(project)}/invitations"
        made = api.call("POST", path, {"email": email, "role": role})
        link = f"{api.base_url}{made['path']}"
    if as_json:
        show_json(made | {"link": link})
        return
    shown = {name: made["invitation"][name] for name in ("id", "email", "role", "expires_at")}
    show_record({"link": link, **shown}, as_json=False)
    typer.echo("Hand the link over now: it cannot be shown again, and works once.", err=True)


def list_invitations(
    *,
    limit: options.Count = 100,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """The project's invitations, and which of them were redeemed."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/invitations", limit))
    show_list(
        found, INVITATION_COLUMNS, as_json=as_json, empty="None: penstock member invite EMAIL"
    )


def revoke(
    invitation_id: str,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """End an invitation that nobody has redeemed yet."""
    with open_api(home) as api:
        api.call("DELETE", f"{api.project(project)}/invitations/{invitation_id}")
    show_record({"revoked": invitation_id}, as_json=as_json)


def list_members(
    *,
    limit: options.Count = 100,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Who takes part, and as what."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/members", limit))
    show_list(found, COLUMNS, as_json=as_json, empty="Nobody: penstock member invite EMAIL")


def change_role(
    person: Person,
    role: RoleName,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Give a member another role."""
    with open_api(home) as api:
        path = f"{api.project(project)}/members"
        changed = api.call("PATCH", f"{path}/{_user_id(api, path, person)}", {"role": role})
    show_record(changed, as_json=as_json)


def remove(
    person: Person,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Take a member out of the project."""
    with open_api(home) as api:
        path = f"{api.project(project)}/members"
        user_id = _user_id(api, path, person)
        api.call("DELETE", f"{path}/{user_id}")
    show_record({"removed": user_id}, as_json=as_json)


def reset_password(
    person: Person,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Give a person a new password, printed this once; their sessions end."""
    with open_api(home) as api:
        user_id = _user_id(api, f"{api.project(project)}/members", person)
        told = api.call("POST", f"/api/v1/users/{user_id}/password")
    show_record(told, as_json=as_json)


def _user_id(api: Api, path: str, person: str) -> str:
    """The id behind an e-mail address; an id is taken as it is."""
    if "@" not in person:
        return person
    for member in api.items(path):
        if member["email"] == person.lower():
            return str(member["user_id"])
    raise NotFound(
        f"{person} is no member of this project.", hint="`penstock member list` says who is."
    )
