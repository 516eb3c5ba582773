"""The shipper: sends batches in order and retries each until it is stored.

It also maintains the spool: cuts and rotates by time, deletes what is stored, adopts dead writers.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from penstock.infra.spool.capacity import Capacity
from penstock.infra.spool.files import remove_segment, writers_in
from penstock.infra.spool.journal import Journal
from penstock.infra.spool.outgoing import (
    Batch,
    own_batches,
    recover_batches,
)
from penstock.infra.spool.owner import Owner
from penstock.infra.spool.policy import SpoolLimits
from penstock.infra.spool.quarantine import (
    Reason,
    defer_batch,
    quarantine_batch,
    remove_file,
    requeued_batches,
    trim,
)
from penstock.infra.spool.send import Send, SendOutcome, SendResult
from penstock.infra.spool.stats import DiskUsage, SpoolCounters, usage
from penstock.infra.spool.writer import Writer
from penstock.kernel.time import Clock, rfc3339

_TICK_S: Final = 0.1
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0  # a server that is back is noticed within this time


QuarantineFunction = Callable[[Path, bytes, Reason], None]


class FailureCount(NamedTuple):
    """Failures of the server over a batch, and the number of stored batches at the first one."""

    times: int
    shipped_batches: int


@dataclass(frozen=True, slots=True)
class SpoolContext:
    """Dependencies of the spool. `jitter` returns numbers from 0 to 1; `on_step` is called with
    the name of each step, so that a drill can stop the process there."""

    directory: Path
    limits: SpoolLimits
    clock: Clock
    jitter: Callable[[], float]
    on_step: Callable[[str], None]


class Shipper:
    """Ships the batches of `journal`, and those of dead writers in the same directory."""

    def __init__(
        self,
        context: SpoolContext,
        journal: Journal,
        writer: Writer,
        capacity: Capacity,
        owner: Owner,
    ) -> None:
        self.counters = SpoolCounters()
        self.usage = DiskUsage()
        self._context = context
        self._journal = journal
        self._writer = writer
        self._capacity = capacity
        self._owner = owner
        self._failing: dict[
            str, FailureCount
        ] = {}  # the batches in `again`; removed with their files

    async def run(self, send: Send) -> None:
        """Runs until it is cancelled. A batch that is being sent then stays in the spool."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._maintain())
            tasks.create_task(self._adopt(send))
            tasks.create_task(self._ship_own(send))
            tasks.create_task(self._ship_requeued(send))

    async def ship_rest(self, send: Send) -> None:
        """Ships all batches that are cut and synced, then returns. Retries without limit."""
        await self._ship_all(self._own_batches(until_empty=True), send)
        await self._sweep()

    async def _ship_own(self, send: Send) -> None:
        while True:
            try:
                await self._ship_all(self._own_batches(until_empty=False), send)
            except OSError as failure:
                self._note(f"reading the spool: {failure}")
                await asyncio.sleep(_LONGEST_PAUSE_S)

    async def _maintain(self) -> None:
        while True:
            for _ in range(max(1, round(self._context.limits.measure_s / _TICK_S))):
                self._writer.tick(
                    self._context.clock.monotonic(), cut_old=not self._journal.batches
                )
                await asyncio.sleep(_TICK_S)
            try:
                await self._sweep()
                await self._measure()
            except OSError as failure:
                self._note(f"maintaining the spool: {failure}")

    async def _sweep(self) -> None:
        for name in self._journal.take_finished():
            await asyncio.to_thread(remove_segment, self._context.directory, name)
            self._context.on_step("removed")

    async def _measure(self) -> None:
        context = self._context
        self.counters.dropped_files += await asyncio.to_thread(
            trim, context.directory, context.limits.quarantine
        )
        self.usage = await asyncio.to_thread(usage, self._context.directory)
        self._capacity.foreign_bytes = max(0, self.usage.total_bytes - self._journal.used_bytes())

    async def _adopt(self, send: Send) -> None:
        own = self._journal.current.writer
        while True:
            for writer in sorted(writers_in(self._context.directory) - {own}):
                owner = Owner.take(self._context.directory, writer)
                if owner is not None:
                    await self._recover(writer, owner, send)
            await asyncio.sleep(self._context.limits.adopt_s)

    async def _ship_requeued(self, send: Send) -> None:
        """Sends each deferred or requeued batch once per round, so that none waits for another.
        If two workers send the same batch, the store drops the second."""
        while True:
            try:
                for name, path in requeued_batches(self._context.directory):
                    data = await asyncio.to_thread(path.read_bytes)
                    await self._resend(Batch(name, data), path, send)
            except OSError as failure:
                self._note(f"shipping requeued batches: {failure}")
            await asyncio.sleep(self._context.limits.adopt_s)

    async def _resend(self, batch: Batch, path: Path, send: Send) -> None:
        result = await send(batch.name, batch.data)
        if result.outcome is SendOutcome.STORED:
            self._count_stored(batch)
        elif not self._is_at_fault(batch, result) or not await self._quarantine(batch, result):
            self._note(result.detail)
            return
        self._failing.pop(batch.name, None)
        await asyncio.to_thread(remove_file, path)
        self._context.on_step("shipped")

    def _is_at_fault(self, batch: Batch, result: SendResult) -> bool:
        """Returns whether the batch is at fault: the server rejects it, or it fails over this batch
        while it stores others."""
        if result.outcome is not SendOutcome.FAILED:
            return result.outcome is SendOutcome.REJECTED
        found = self._failing.get(batch.name, FailureCount(0, self.counters.shipped_batches))
        self._failing[batch.name] = found._replace(times=found.times + 1)
        others = self.counters.shipped_batches - found.shipped_batches
        return found.times + 1 >= self._context.limits.reject_after and others > 0

    async def _recover(self, writer: str, owner: Owner, send: Send) -> None:
        directory, clock = self._context.directory, self._context.clock
        left = recover_batches(directory, writer, owner, self.counters, clock)
        try:
            await self._ship_all(left, send)
        except OSError as failure:  # an unreadable segment must not stop this writer
            self._note(f"adopting {writer}: {failure}")
        else:
            self.counters.adopted_writers += 1
        finally:
            owner.release()
            self.counters.recovering_since = None

    def _own_batches(self, *, until_empty: bool) -> AsyncGenerator[Batch]:
        return own_batches(
            self._context.directory,
            self._journal,
            self._owner,
            idle_s=_TICK_S,
            until_empty=until_empty,
        )

    async def _ship_all(self, batches: AsyncGenerator[Batch], send: Send) -> None:
        async with aclosing(batches):
            async for batch in batches:
                await self._ship(batch, send)
                self._context.on_step("shipped")

    async def _ship(self, batch: Batch, send: Send) -> None:
        """Returns once the batch is stored or quarantined."""
        pause, failures = _FIRST_PAUSE_S, 0
        while True:
            result = await send(batch.name, batch.data)
            failures += result.outcome is SendOutcome.FAILED
            if result.outcome is SendOutcome.STORED:
                self._count_stored(batch)
                return
            if result.outcome is SendOutcome.REJECTED and await self._quarantine(batch, result):
                return
            if self._is_deferred(result, failures) and await self._defer(batch, result):
                return
            self._note(result.detail)
            self.counters.retries += 1
            await asyncio.sleep(pause * (0.5 + self._context.jitter() / 2))
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _is_deferred(self, result: SendResult, failures: int) -> bool:
        return (
            result.outcome is SendOutcome.DEFERRED or failures >= self._context.limits.defer_after
        )

    def _count_stored(self, batch: Batch) -> None:
        self.counters.shipped_batches += 1
        self.counters.shipped_bytes += len(batch.data)
        self.counters.last_failure = ""

    async def _quarantine(self, batch: Batch, result: SendResult) -> bool:
        kept = await self._quarantine_with(quarantine_batch, batch, result)
        self.counters.rejected_batches += kept
        return kept

    async def _defer(self, batch: Batch, result: SendResult) -> bool:
        """Moves the batch to `again/`, so that the others go first."""
        return await self._quarantine_with(defer_batch, batch, result)

    async def _quarantine_with(
        self, function: QuarantineFunction, batch: Batch, result: SendResult
    ) -> bool:
        reason = Reason(batch.name, result.detail, rfc3339(self._context.clock.now_ns()))
        try:
            await asyncio.to_thread(function, self._context.directory, batch.data, reason)
        except OSError as failure:
            self._note(f"quarantining {batch.name}: {failure}")
            return False
        return True

    def _note(self, failure: str) -> None:
        self.counters.last_failure = failure
