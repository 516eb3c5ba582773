"""`penstock member`: manages the members of a project and their invitations."""

from typing import Annotated

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record, show_secret
from penstock.kernel.errors import NotFound

INVITATION_COLUMNS = ("id", "email", "role", "state", "redeemed_by", "expires_at")
COLUMNS = ("email", "role", "user_id", "created_at")
User = Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail address or user id.")]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "invite": invite,
        "invitations": list_invitations,
        "revoke": revoke,
        "list": list_members,
        "role": change_role,
        "remove": remove,
        "password": reset_password,
    }
    add_group(app, name, line, commands)


def invite(
    email: Annotated[str, typer.Argument(help="Label of the invitation; it is not verified.")],
    *,
    role: options.MemberRole = "viewer",
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Create a one-time invitation link. The link is shown only once."""
    with open_api(home) as api:
        path = f"{api.project(project)}/invitations"
        created = api.call("POST", path, {"email": email, "role": role})
        link = f"{api.base_url}{created['path']}"
    shown = {name: created["invitation"][name] for name in ("id", "email", "role", "expires_at")}
    show_secret(
        created | {"link": link},
        {"link": link, **shown},
        note="Copy the link now: it is not shown again. It can be used once.",
        as_json=as_json,
    )


def list_invitations(
    *,
    limit: options.Count = 100,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the project's invitations and their states."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/invitations", limit))
    show_list(
        found,
        INVITATION_COLUMNS,
        as_json=as_json,
        empty="No invitations: penstock member invite EMAIL",
    )


def revoke(
    invitation_id: str,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Revoke a pending invitation."""
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
    """List the members and their roles."""
    with open_api(home) as api:
        found = list(api.items(f"{api.project(project)}/members", limit))
    show_list(found, COLUMNS, as_json=as_json, empty="No members: penstock member invite EMAIL")


def change_role(
    user: User,
    role: options.MemberRole,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Change a member's role."""
    with open_api(home) as api:
        path = f"{api.project(project)}/members"
        changed = api.call("PATCH", f"{path}/{_user_id(api, path, user)}", {"role": role})
    show_record(changed, as_json=as_json)


def remove(
    user: User,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove a member from the project."""
    with open_api(home) as api:
        path = f"{api.project(project)}/members"
        user_id = _user_id(api, path, user)
        api.call("DELETE", f"{path}/{user_id}")
    show_record({"removed": user_id}, as_json=as_json)


def reset_password(
    user: User,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Reset a user's password. The new one is shown only once; the user's sessions end."""
    with open_api(home) as api:
        user_id = _user_id(api, f"{api.project(project)}/members", user)
        reset = api.call("POST", f"/api/v1/users/{user_id}/password")
    show_record(reset, as_json=as_json)


def _user_id(api: Api, path: str, user: str) -> str:
    """Returns the user id of an e-mail address; returns an id unchanged."""
    if "@" not in user:
        return user
    for member in api.items(path):
        if member["email"] == user.lower():
            return str(member["user_id"])
    raise NotFound(
        f"{user} is not a member of this project.",
        hint="List the members with `penstock member list`.",
    )
