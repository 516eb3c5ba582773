"""Holds the current snapshot; a single assignment replaces it."""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from enum import StrEnum

from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.kernel.errors import Overloaded


class SnapshotOrigin(StrEnum):
    """The source of the current snapshot."""

    NONE = "none"
    DISK = "disk"  # the last good one, loaded at start
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class SnapshotState:
    """For `/readyz` and `/metrics`. `problem` is a sentence, empty while the server answers."""

    digest: str = ""
    origin: SnapshotOrigin = SnapshotOrigin.NONE
    problem: str = ""
    problem_code: str = ""


class SnapshotHolder:
    """Holds the current snapshot and its state."""

    def __init__(self) -> None:
        self._current: Snapshot | None = None
        self._state = SnapshotState()
        self._arrived = asyncio.Event()

    @property
    def current(self) -> Snapshot:
        """The current snapshot. Raises `Overloaded` until the first one has arrived."""
        if self._current is None:
            raise Overloaded(
                "The gateway has not received its configuration yet.",
                hint=self._state.problem or "Try again in a moment.",
                code="snapshot_missing",
                retry_after_s=1,
            )
        return self._current

    @property
    def known(self) -> Snapshot | None:
        """The current snapshot, if there is one."""
        return self._current

    @property
    def state(self) -> SnapshotState:
        """The origin of the snapshot, and the last problem."""
        return self._state

    async def arrives_within(self, seconds: float | None) -> bool:
        """Waits for the first snapshot (`None`: without limit). Returns `False` on a time-out."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        return self._arrived.is_set()

    def swap(self, snapshot: Snapshot, origin: SnapshotOrigin) -> None:
        """Replaces the current snapshot; the next request uses the new one."""
        self._current = snapshot
        self._state = SnapshotState(snapshot.digest, origin)
        self._arrived.set()

    def confirm(self) -> None:
        """Notes that the server confirmed the current snapshot as the newest."""
        if self._current is not None:
            self._state = SnapshotState(self._current.digest, SnapshotOrigin.SERVER)

    def report(self, problem: str, code: str) -> None:
        """Stores the reason why no newer snapshot can be fetched. The current one stays valid."""
        self._state = replace(self._state, problem=problem, problem_code=code)
