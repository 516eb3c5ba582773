"""The shipper: carries batches to the store, in order, again and again until they are safe there.

It keeps house too: cuts and rotates by time, removes what is stored, adopts what the dead left.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from penstock.infra.spool.aside import (
    Reason,
    forget,
    keep_for_again,
    keep_rejected,
    put_back_batches,
    trim,
)
from penstock.infra.spool.files import remove_segment, writers_in
from penstock.infra.spool.journal import Journal
from penstock.infra.spool.limits import Limits
from penstock.infra.spool.owner import Owner
from penstock.infra.spool.parcels import (
    Parcel,
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


Keep = Callable[[Path, bytes, Reason], None]


class Failing(NamedTuple):
    """How often the server failed over a batch, and how many it had stored when it first did."""

    times: int
    shipped_batches: int


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
        self._failing: dict[
            str, Failing
        ] = {}  # of what lies in `again`; each leaves it with its file

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
        around = self._around
        self.counters.dropped_aside += await asyncio.to_thread(
            trim, around.directory, around.limits.aside
        )
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
        """What failed before or was put back: each once a round, so that none waits for another.
        Two workers may ship one at once: the store drops the second."""
        while True:
            try:
                for name, path in put_back_batches(self._around.directory):
                    data = await asyncio.to_thread(path.read_bytes)
                    await self._try_again(Parcel(name, data), path, send)
            except OSError as failure:
                self._note(f"shipping again what was put back: {failure}")
            await asyncio.sleep(self._around.limits.adopt_s)

    async def _try_again(self, parcel: Parcel, path: Path, send: Send) -> None:
        verdict = await send(parcel.name, parcel.data)
        if verdict.outcome is Outcome.STORED:
            self._stored(parcel)
        elif not self._is_hopeless(parcel, verdict) or not await self._set_aside(parcel, verdict):
            self._note(verdict.detail)
            return
        self._failing.pop(parcel.name, None)
        await asyncio.to_thread(forget, path)
        self._around.on_step("shipped")

    def _is_hopeless(self, parcel: Parcel, verdict: Verdict) -> bool:
        """Whether it is the batch: the server says so, or fails over it while it stores others."""
        if verdict.outcome is not Outcome.FAILED:
            return verdict.outcome is Outcome.REJECTED
        found = self._failing.get(parcel.name, Failing(0, self.counters.shipped_batches))
        self._failing[parcel.name] = found._replace(times=found.times + 1)
        others = self.counters.shipped_batches - found.shipped_batches
        return found.times + 1 >= self._around.limits.reject_after and others > 0

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
        pause, failures = _FIRST_PAUSE_S, 0
        while True:
            verdict = await send(parcel.name, parcel.data)
            failures += verdict.outcome is Outcome.FAILED
            if verdict.outcome is Outcome.STORED:
                self._stored(parcel)
                return
            if verdict.outcome is Outcome.REJECTED and await self._set_aside(parcel, verdict):
                return
            if failures >= self._around.limits.defer_after and await self._defer(parcel, verdict):
                return
            self._note(verdict.detail)
            self.counters.retries += 1
            await asyncio.sleep(pause * (0.5 + self._around.jitter() / 2))
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _stored(self, parcel: Parcel) -> None:
        self.counters.shipped_batches += 1
        self.counters.shipped_bytes += len(parcel.data)
        self.counters.last_failure = ""

    async def _set_aside(self, parcel: Parcel, verdict: Verdict) -> bool:
        kept = await self._keep(keep_rejected, parcel, verdict)
        self.counters.rejected_batches += kept
        return kept

    async def _defer(self, parcel: Parcel, verdict: Verdict) -> bool:
        """Lets the others go first: this batch waits in a file of its own."""
        return await self._keep(keep_for_again, parcel, verdict)

    async def _keep(self, keep: Keep, parcel: Parcel, verdict: Verdict) -> bool:
        reason = Reason(parcel.name, verdict.detail, rfc3339(self._around.clock.now_ns()))
        try:
            await asyncio.to_thread(keep, self._around.directory, parcel.data, reason)
        except OSError as failure:
            self._note(f"setting {parcel.name} aside: {failure}")
            return False
        return True

    def _note(self, failure: str) -> None:
        self.counters.last_failure = failure
