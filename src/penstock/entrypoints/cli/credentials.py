"""`penstock provider credential`: manages further credentials of a provider."""

from pathlib import Path
from typing import Annotated

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.output import show_list, show_record
from penstock.infra.settings import secret_variable
from penstock.kernel.errors import SetupError

COLUMNS = ("name", "api_key_hint", "created_at")
KeyVariable = Annotated[
    str | None, typer.Option(metavar="VARIABLE", help="Environment variable with its API key.")
]
KeyFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File with it, such as a key file (JSON).")
]
KeyReference = Annotated[
    str | None,
    typer.Option(metavar="REFERENCE", help="Where a secrets manager has it, as vault:PATH#FIELD."),
]
Provider = Annotated[str, typer.Argument(help="Name of the provider.")]


def read_secret(variable: str | None, file: Path | None, reference: str | None) -> str:
    """Returns the credential from a file or an environment variable, or the reference to it; empty
    without any."""
    if reference is not None:
        return reference
    if file is not None:
        return _read_key(file)
    if variable is None:
        return ""
    if not (secret := secret_variable(variable)):
        raise SetupError(
            f"The environment variable {variable} is not set.", hint=f"export {variable}=…"
        )
    return secret


def add(
    provider: Provider,
    name: Annotated[str, typer.Argument(help="Name of the credential.")],
    *,
    api_key_env: KeyVariable = None,
    api_key_file: KeyFile = None,
    api_key_reference: KeyReference = None,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Add a credential. Gateways use the credentials of a provider in turn."""
    if not (secret := read_secret(api_key_env, api_key_file, api_key_reference)):
        raise typer.BadParameter("give --api-key-env, --api-key-file or --api-key-reference")
    with open_api(home) as api:
        path = _path(api, project, provider)
        added = api.call("POST", path, {"name": name, "api_key": secret})
    show_record(added, as_json=as_json)


def list_credentials(
    provider: Provider,
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List the credentials of a provider. `default`: its own API key."""
    with open_api(home) as api:
        found = list(api.items(_path(api, project, provider)))
    show_list(found, COLUMNS, as_json=as_json, empty="This provider has no credentials.")


def remove(
    provider: Provider,
    name: Annotated[str, typer.Argument(help="Name of the credential.")],
    *,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove a credential."""
    with open_api(home) as api:
        api.call("DELETE", f"{_path(api, project, provider)}/{name}")
    show_record({"removed": name}, as_json=as_json)


def _path(api: Api, project: str | None, provider: str) -> str:
    return f"{api.project(project)}/providers/{provider}/credentials"


def _read_key(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{file} cannot be read: {error}.", hint="Check its path.") from None
