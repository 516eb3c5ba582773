"""`penstock webhook`: other systems that hear what happens."""

from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record

COLUMNS: Final = ("id", "url", "events", "disabled", "created_at")
MESSAGE_COLUMNS: Final = ("id", "event", "state", "tries", "status", "problem", "created_at")
NONE_YET: Final = "No webhooks yet: penstock webhook add https://…"

WebhookId = Annotated[str, typer.Argument(help="Id from `penstock webhook list`.")]


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    commands = {
        "add": add,
        "change": change,
        "list": list_webhooks,
        "messages": messages,
        "test": send_test,
        "rotate": rotate,
        "enable": enable,
        "remove": remove,
    }
    add_group(app, name, line, commands)


def add(
    url: Annotated[str, typer.Argument(help="Address that gets the messages, with https.")],
    *,
    event: Annotated[
        list[str] | None,
        typer.Option(help="Type of events, such as rollout.promoted (repeatable). [all]"),
    ] = None,
    private_allowed: Annotated[
        bool, typer.Option("--private-allowed", help="The address is private (instance admins).")
    ] = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add a webhook, and show its secret once."""
    body = {"url": url, "events": event or [], "private_allowed": private_allowed}
    with open_api(home) as api:
        done = api.call("POST", f"{api.project(project)}/webhooks", body)
    _show_issued(done, as_json=as_json)


def change(
    webhook: WebhookId,
    *,
    event: Annotated[
        list[str] | None, typer.Option(help="Type of events (repeatable). [all]")
    ] = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Change which events a webhook gets."""
    with open_api(home) as api:
        path = f"{api.project(project)}/webhooks/{quote(webhook, safe='')}"
        done = api.call("PATCH", path, {"events": event or []})
    show_record(done, as_json=as_json)


def list_webhooks(
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List webhooks."""
    with open_api(home) as api:
        found = api.get(f"{api.project(project)}/webhooks")["items"]
    show_list(found, COLUMNS, as_json=as_json, empty=NONE_YET)


def messages(
    webhook: WebhookId,
    *,
    limit: options.Count = 20,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the messages of a webhook, newest first."""
    with open_api(home) as api:
        path = f"{api.project(project)}/webhooks/{quote(webhook, safe='')}/messages"
        found = api.get(path, limit=limit)["items"]
    show_list(found, MESSAGE_COLUMNS, as_json=as_json, empty="No messages yet.")


def send_test(
    webhook: WebhookId,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Send a test message; see `penstock webhook messages`."""
    _post(webhook, "test", (project, home), as_json=as_json)


def enable(
    webhook: WebhookId,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Send again to a webhook that was disabled."""
    _post(webhook, "enable", (project, home), as_json=as_json)


def rotate(
    webhook: WebhookId,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Make a new secret; for a day messages are signed with both."""
    with open_api(home) as api:
        path = f"{api.project(project)}/webhooks/{quote(webhook, safe='')}/rotate"
        done = api.call("POST", path)
    _show_issued(done, as_json=as_json)


def remove(
    webhook: WebhookId,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove a webhook with its log."""
    with open_api(home) as api:
        api.call("DELETE", f"{api.project(project)}/webhooks/{quote(webhook, safe='')}")
    show_record({"removed": webhook}, as_json=as_json)


def _post(
    webhook: str,
    action: str,
    where: tuple[options.ProjectId, options.Home],
    *,
    as_json: bool,
) -> None:
    project, home = where
    with open_api(home) as api:
        path = f"{api.project(project)}/webhooks/{quote(webhook, safe='')}"
        done = api.call("POST", f"{path}/{action}")
    show_record(done, as_json=as_json)


def _show_issued(done: dict[str, Any], *, as_json: bool) -> None:
    shown = {"id": done["webhook"]["id"], "secret": done["secret"]}
    show_record(done if as_json else shown, as_json=as_json)
