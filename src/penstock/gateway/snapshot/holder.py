"""The one place where the current snapshot stands; swapped in a single assignment."""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from enum import StrEnum

from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.kernel.errors import Overloaded


class SnapshotOrigin(StrEnum):
    """Where the current snapshot came from."""

    NONE = "none"
    DISK = "disk"  # the last good one, loaded at start
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class SnapshotState:
    """For `/readyz` and `/metrics`. `problem` is a sentence, empty while the server is heard."""

    digest: str = ""
    origin: SnapshotOrigin = SnapshotOrigin.NONE
    problem: str = ""
    problem_code: str = ""


class SnapshotHolder:
    """Hands out the current snapshot and says how things stand with it."""

    def __init__(self) -> None:
        self._current: Snapshot | None = None
        self._state = SnapshotState()
        self._arrived = asyncio.Event()

    @property
    def current(self) -> Snapshot:
        """`Overloaded` until the first one is there."""
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
        """How things stand."""
        return self._state

    async def arrives_within(self, seconds: float | None) -> bool:
        """Whether the first snapshot is there, which is waited for that long; `None`: for ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        return self._arrived.is_set()

    def swap(self, snapshot: Snapshot, origin: SnapshotOrigin) -> None:
        """From the next request on, `snapshot` governs."""
        self._current = snapshot
        self._state = SnapshotState(snapshot.digest, origin)
        self._arrived.set()

    def confirm(self) -> None:
        """The server says that the current snapshot is the newest."""
        if self._current is not None:
            self._state = SnapshotState(self._current.digest, SnapshotOrigin.SERVER)

    def report(self, problem: str, code: str) -> None:
        """Why no newer snapshot can be had; the current one stays."""
        self._state = replace(self._state, problem=problem, problem_code=code)
