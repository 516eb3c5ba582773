"""The form of a vertical: what a part of the control plane gives to the server.

A vertical is a folder with `build(context, guards, …) -> Vertical` in its `assembly.py`, and one
line in `entrypoints/server/verticals.py`.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from penstock.rules.snapshot.section import SectionSource

Job = Callable[[], Coroutine[Any, Any, None]]
Check = Callable[[], object]


@dataclass(frozen=True, slots=True)
class BackupPart:
    """A folder of the backup. `write` creates and fills it while the server runs. `restore` copies
    it to the folder of the same name in the home."""

    name: str
    write: Callable[[Path], None]


def nothing_to_close() -> None:
    """The default of `Vertical.close`."""


def no_notices() -> list[str]:
    """The default of `Vertical.notices`."""
    return []


def no_gauges() -> Mapping[str, tuple[str, float]]:
    """The default of `Vertical.gauges`."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertical:
    """The parts of one vertical.

    `checks` (for `/readyz`, by name) raise the reason why the vertical cannot work; `notices` are
    sentences about conditions that an operator should check; `gauges` map the name of a metric to
    description and value. `startup` jobs run first, for a short time; then `jobs` run until the
    server stops. `close` releases resources.
    """

    routers: tuple[APIRouter, ...] = ()
    sections: tuple[SectionSource, ...] = ()
    checks: Mapping[str, Check] = field(default_factory=dict[str, Check])
    notices: Callable[[], list[str]] = no_notices
    gauges: Callable[[], Mapping[str, tuple[str, float]]] = no_gauges
    startup: tuple[Job, ...] = ()
    jobs: tuple[Job, ...] = ()
    backup_parts: tuple[BackupPart, ...] = ()
    close: Callable[[], None] = nothing_to_close
