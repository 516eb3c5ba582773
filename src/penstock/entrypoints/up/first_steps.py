"""Prints addresses, credentials and an example call once the installation runs."""

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import typer

from penstock.entrypoints.up import plan
from penstock.entrypoints.up.probe import models
from penstock.entrypoints.up.simulator import NAME
from penstock.infra.home import Home
from penstock.infra.settings_tree import Settings

DEMO_MODEL: Final = f"{NAME}/sim-small"


def first_steps(settings: Settings, *, first_run: bool, simulated: bool) -> None:
    """Prints the first steps. Shows the credentials only at the first start, later their file."""
    host = plan.connect_host(settings.host)
    gateway = f"{plan.local_gateway_url(settings)}/v1"
    file = Home(settings.home).bootstrap
    credentials = _read(file)
    key = str(credentials.get("gateway_key", ""))
    typer.echo()
    _line("Penstock is running.", bold=True)
    typer.echo()
    _row("Gateway", gateway)
    _row("Console", plan.local_server_url(settings))
    if first_run and credentials:
        _row("Sign in", f"{credentials.get('admin_email')}  {credentials.get('admin_password')}")
        _row("API key", key)
        _row("", "may only call models")
        _row("", f"shown only once; stored in {_short(file)}")
    elif credentials:
        _row("Sign in", f"see {_short(file)}")
    certificate = plan.certificate_of(settings.gateway)["certificate"]
    listed = () if simulated else models(host, settings.gateway.port, key, certificate)
    model = DEMO_MODEL if simulated else _pick(listed)
    typer.echo()
    if model:
        again = f"$({_command(settings, 'key show')})" if key else "$GATEWAY_KEY"
        _line("Try it:")
        typer.echo(_curl(gateway, key if first_run else again, model))
    else:
        _line("Next, add a provider:")
        add = "provider add NAME --base-url URL --api-key-env VARIABLE"
        typer.echo(f"  {_command(settings, add)}")
    typer.echo()
    _line("Press Ctrl-C to stop.", dim=True)


def _curl(gateway: str, key: str, model: str) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello!"}]}
    return (
        f"  curl {gateway}/chat/completions \\\n"
        f'    -H "Authorization: Bearer {key}" \\\n'
        f"    -H 'Content-Type: application/json' \\\n"
        f"    -d '{json.dumps(body)}'"
    )


def _pick(listed: Sequence[str]) -> str:
    """Returns the first chat model, or the empty string."""
    return next((model for model in listed if "embed" not in model), "")


def _read(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}  # the user may have deleted it after copying its content


def _command(settings: Settings, command: str) -> str:
    """Formats the command line for the current folder and this home."""
    home = "" if settings.home == Path.home() / ".penstock" else f" --home {_short(settings.home)}"
    return f"{shlex.quote(_short(Path(sys.argv[0])))} {command}{home}"


def _short(path: Path) -> str:
    for base, name in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path.is_absolute() and path.is_relative_to(base):
            return f"{name}{path.relative_to(base)}"
    return str(path)


def _row(name: str, value: str) -> None:
    typer.echo(f"  {typer.style(f'{name:9}', fg='cyan')}{value}")


def _line(text: str, *, bold: bool = False, dim: bool = False) -> None:
    typer.secho(text, bold=bold, dim=dim)
