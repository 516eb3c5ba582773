"""The shipper: carries batches to the store, in order, again and again until they are safe there.

It keeps house too: cuts and rotates by time, removes what is stored, adopts what the dead left.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.infra.spool.aside import Reason, keep_rejected
from penstock.infra.spool.files import remove_segment, writers_in
from penstock.infra.spool.journal import Journal
from penstock.infra.spool.limits import Limits
from penstock.infra.spool.owner import Owner
from penstock.infra.spool.parcels import (
    Parcel,
    from_a_person,
    from_the_dead,
    from_the_living,
)
from penstock.infra.spool.room import Room
from penstock.infra.spool.send import Outcome, Send, Verdict
from penstock.infra.spool.stats import Counters, Usage, usage
from penstock.infra.spool.writer import Writer
from penstock.kernel.time import Clock, rfc3339

_TICK_S: Final = 0.1
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0  # so that a server that is back is noticed as soon


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the shipper takes from outside. `jitter` gives numbers from 0 to 1; `on_step` is
    told each step's name, so that a drill can stop the process right there."""

    directory: Path
    limits: Limits
    clock: Clock
    jitter: Callable[[], float]
    on_step: Callable[[str], None]


class Shipper:
    """Ships what `journal` holds, and what dead writers of the same directory left."""

    def __init__(
        self, around: Surroundings, journal: Journal, writer: Writer, room: Room, owner: Owner
    ) -> None:
        self.counters = Counters()
        self.usage = Usage()
        self._around = around
        self._journal = journal
        self._writer = writer
        self._room = room
        self._owner = owner

    async def run(self, send: Send) -> None:
        """Until cancelled. What is under way then is simply not forgotten."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_house())
            tasks.create_task(self._adopt(send))
            tasks.create_task(self._ship_own(send))
            tasks.create_task(self._ship_again(send))

    async def ship_rest(self, send: Send) -> None:
        """Ships all that is cut and synced, then returns; it retries for ever."""
        await self._ship_all(self._living(until_empty=True), send)
        await self._sweep()

    async def _ship_own(self, send: Send) -> None:
        while True:
            try:
                await self._ship_all(self._living(until_empty=False), send)
            except OSError as failure:
                self._note(f"reading the spool: {failure}")
                await asyncio.sleep(_LONGEST_PAUSE_S)

    async def _keep_house(self) -> None:
        while True:
            for _ in range(max(1, round(self._around.limits.measure_s / _TICK_S))):
                self._writer.tick(self._around.clock.monotonic(), hurry=not self._journal.batches)
                await asyncio.sleep(_TICK_S)
            try:
                await self._sweep()
                await self._measure()
            except OSError as failure:
                self._note(f"keeping house in the spool: {failure}")

    async def _sweep(self) -> None:
        for name in self._journal.take_finished():
            await asyncio.to_thread(remove_segment, self._around.directory, name)
            self._around.on_step("removed")

    async def _measure(self) -> None:
        self.usage = await asyncio.to_thread(usage, self._around.directory)
        self._room.foreign_bytes = max(0, self.usage.total_bytes - self._journal.used_bytes)

    async def _adopt(self, send: Send) -> None:
        own = self._journal.current.writer
        while True:
            for writer in sorted(writers_in(self._around.directory) - {own}):
                owner = Owner.take(self._around.directory, writer)
                if owner is not None:
                    await self._inherit(writer, owner, send)
            await asyncio.sleep(self._around.limits.adopt_s)

    async def _ship_again(self, send: Send) -> None:
        while True:
            try:
                await self._ship_all(from_a_person(self._around.directory), send)
            except OSError as failure:
                self._note(f"shipping again what was put back: {failure}")
            await asyncio.sleep(self._around.limits.adopt_s)

    async def _inherit(self, writer: str, owner: Owner, send: Send) -> None:
        directory, clock = self._around.directory, self._around.clock
        left = from_the_dead(directory, writer, owner, self.counters, clock)
        try:
            await self._ship_all(left, send)
        except OSError as failure:  # an unreadable disk must not stop our own shipping
            self._note(f"adopting {writer}: {failure}")
        else:
            self.counters.adopted_writers += 1
        finally:
            owner.release()
            self.counters.carrying_since = None

    def _living(self, *, until_empty: bool) -> AsyncGenerator[Parcel]:
        return from_the_living(
            self._around.directory,
            self._journal,
            self._owner,
            idle_s=_TICK_S,
            until_empty=until_empty,
        )

    async def _ship_all(self, parcels: AsyncGenerator[Parcel], send: Send) -> None:
        async with aclosing(parcels):
            async for parcel in parcels:
                await self._ship(parcel, send)
                self._around.on_step("shipped")

    async def _ship(self, parcel: Parcel, send: Send) -> None:
        """Returns once the parcel is stored or set aside."""
        pause = _FIRST_PAUSE_S
        while True:
            verdict = await send(parcel.name, parcel.data)
            if verdict.outcome is Outcome.STORED:
                self.counters.shipped_batches += 1
                self.counters.shipped_bytes += len(parcel.data)
                self.counters.last_failure = ""
                return
            if verdict.outcome is Outcome.REJECTED and await self._set_aside(parcel, verdict):
                return
            self._note(verdict.detail)
            self.counters.retries += 1
            await asyncio.sleep(pause * (0.5 + self._around.jitter() / 2))
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _set_aside(self, parcel: Parcel, verdict: Verdict) -> bool:
        reason = Reason(parcel.name, verdict.detail, rfc3339(self._around.clock.now_ns()))
        try:
            await asyncio.to_thread(keep_rejected, self._around.directory, parcel.data, reason)
        except OSError as failure:
            self._note(f"setting {parcel.name} aside: {failure}")
            return False
        self.counters.rejected_batches += 1
        return True

    def _note(self, failure: str) -> None:
        self.counters.last_failure = failure
