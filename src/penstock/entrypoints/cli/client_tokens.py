"""`penstock key client-token`: tokens of minutes for browsers and mobile applications."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api, open_gateway
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_list, show_record, show_secret
from penstock.infra.settings import secret_variable
from penstock.kernel.errors import InvalidRequest
from penstock.rules.client_tokens import PREFIX, stated_id

COLUMNS = ("id", "revoked_at", "forgotten_at")


def register(keys: typer.Typer) -> None:
    """Adds the command group."""
    commands = {"create": create, "revoke": revoke, "revoked": list_revoked}
    line = "Tokens of minutes for browsers and mobile applications."
    add_group(keys, "client-token", line, commands)


def create(
    use_case: Annotated[str, typer.Argument(help="Use case that its calls count for.")],
    *,
    user: Annotated[str, typer.Option(help="User that its calls count for.")] = "",
    origin: Annotated[
        list[str] | None,
        typer.Option(help="Web page that may use it, as https://app.example.com (repeatable)."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help="Allowed model, route or pattern (repeatable). [those of the key]"),
    ] = None,
    expires_in_s: Annotated[int, typer.Option(help="Its life in seconds, at most 3600.")] = 600,
    requests: Annotated[int, typer.Option(help="Requests that it allows.")] = 20,
    tokens: Annotated[
        int | None, typer.Option(help="Tokens of models that it allows. [no limit]")
    ] = None,
    usd: Annotated[str, typer.Option(help="US dollars that it allows.")] = "0.10",
    key_env: Annotated[
        str, typer.Option(help="Environment variable with the key. [key of the first start]")
    ] = "",
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Make a client token at the gateway, with an application's key."""
    key = secret_variable(key_env) if key_env else ""
    if key_env and not key:
        raise InvalidRequest(f"The environment variable {key_env} is not set.")
    body: dict[str, Any] = {
        "use_case": use_case,
        "user": user,
        "origins": origin or [],
        "models": model or [],
        "expires_in_s": expires_in_s,
        "limits": {"requests": requests, "tokens": tokens, "usd": usd},
    }
    with open_gateway(home, key) as gateway:
        issued = gateway.call("POST", "/v1/client_tokens", body)
    show_secret(
        issued,
        {"token": issued["token"], "id": issued["id"], "expires_at": issued["expires_at"]},
        note="Copy the token now: it is not shown again.",
        as_json=as_json,
    )


def revoke(
    token: Annotated[str, typer.Argument(help="Its id (ctk_…), or the token itself.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Revoke one client token. `penstock key rotate --overlap-hours 0` ends all of a key."""
    token_id = stated_id(token) if token.startswith(PREFIX) else token  # a token stays here
    if not token_id:
        raise InvalidRequest("This is not a whole client token.", hint="Write its id (ctk_…).")
    with open_api(home) as api:
        path = f"{api.project(project)}/client-tokens/revoked/{quote(token_id, safe='')}"
        show_record(api.call("PUT", path), as_json=as_json)


def list_revoked(
    *, project: options.ProjectId = None, home: options.Home = None, as_json: options.Json = False
) -> None:
    """List the revoked client tokens that may not have expired."""
    with open_api(home) as api:
        found = api.get(f"{api.project(project)}/client-tokens/revoked")["items"]
    show_list(found, COLUMNS, as_json=as_json, empty="No client token is revoked.")
