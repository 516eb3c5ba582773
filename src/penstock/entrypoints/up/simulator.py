"""Decides whether to start the simulated provider, and on which port.

Reads the snapshot that gateways keep on disk, because the supervisor opens no database.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from penstock.entrypoints.up.plan import connect_host
from penstock.infra.home import Home
from penstock.infra.process import free_port, is_free
from penstock.infra.settings import Settings, openai_api_key

NAME: Final = "sim"  # the provider's name; its models are called as `sim/…`
HOST: Final = "127.0.0.1"


def simulator_port(settings: Settings) -> int | None:
    """The port to start it on; None = do not start it. In `auto`, starts it if no other provider
    exists."""
    known = known_providers(settings.home)
    others = bool(known.keys() - {NAME}) or bool(openai_api_key())
    if settings.demo == "off" or (settings.demo == "auto" and others):
        return None
    last = urlsplit(known.get(NAME, "")).port
    return last if last and is_free(HOST, last) else free_port(HOST)


def simulator_url(port: int) -> str:
    """The base URL of the simulated provider."""
    return f"http://{connect_host(HOST)}:{port}/v1"


def known_providers(home: Path) -> Mapping[str, str]:
    """Maps provider names of all projects to base URLs; empty before the first snapshot."""
    found: dict[str, str] = {}
    with suppress(OSError, ValueError, KeyError):
        folder = Home(home).snapshot
        root: dict[str, Any] = json.loads((folder / "root.json").read_bytes())
        for name, digest in root["sections"].items():
            if name.endswith("/providers"):
                section: dict[str, Any] = json.loads((folder / "sections" / digest).read_bytes())
                found |= {one["name"]: one["base_url"] for one in section.get("providers", ())}
    return found
