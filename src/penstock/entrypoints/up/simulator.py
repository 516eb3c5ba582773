"""Decides whether to start the simulated provider, and on which port.

Reads the snapshot that gateways keep on disk, because the supervisor opens no database.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from penstock.entrypoints.up.plan import connect_host
from penstock.infra.home import Home, SnapshotFolder
from penstock.infra.process import free_port, is_free
from penstock.infra.settings import openai_api_key
from penstock.infra.settings_tree import Settings
from penstock.rules.snapshot.providers import PROVIDERS
from penstock.rules.snapshot.tree import Root

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
    files = SnapshotFolder(Home(home).snapshot)
    with suppress(OSError, ValueError, msgspec.DecodeError):
        root = msgspec.json.decode(files.root.read_bytes(), type=Root)
        for name, digest in root.sections.items():
            if PROVIDERS.owner(name) is not None:
                section = PROVIDERS.read((files.sections / digest).read_bytes())
                found |= {entry.name: entry.base_url for entry in section.providers}
    return found
