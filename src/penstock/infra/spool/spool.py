"""The spool of one process: write records, run the shipper, read the statistics."""

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

from penstock.infra.spool.capacity import Capacity
from penstock.infra.spool.files import make_directory, remove_files, reserve_path
from penstock.infra.spool.frame import MARKER_SIZE
from penstock.infra.spool.journal import Journal
from penstock.infra.spool.owner import Owner
from penstock.infra.spool.policy import OnFull, SpoolLimits
from penstock.infra.spool.reserve import Reserve
from penstock.infra.spool.send import Send
from penstock.infra.spool.shipper import Shipper, SpoolContext
from penstock.infra.spool.stats import SpoolStats
from penstock.infra.spool.writer import USUAL_END_BYTES, Writer
from penstock.kernel.errors import SetupError
from penstock.kernel.time import Clock


class Spool:
    """`begin` and `end` take a few microseconds and never wait. Call both from one thread.

    The directory must be on a local file system. A record survives the death of the process once
    `begin` or `end` returns, and a power cut after `limits.sync_s`.
    """

    def __init__(
        self, context: SpoolContext, owner: Owner, journal: Journal, capacity: Capacity
    ) -> None:
        self._context = context
        self._owner = owner
        self._journal = journal
        self._capacity = capacity
        self._writer = Writer(journal, capacity, context.on_step)
        self._shipper = Shipper(context, journal, self._writer, capacity, owner)
        self._one_sync = threading.Lock()
        self._stop = threading.Event()
        self._syncing = threading.Thread(target=self._sync_often, name="spool-sync", daemon=True)
        self._syncing.start()

    @classmethod
    def open(
        cls,
        directory: Path,
        writer: str,
        *,
        clock: Clock,
        jitter: Callable[[], float],
        limits: SpoolLimits | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Starts the journal of `writer` (a new UUIDv7 in hex). Raises `SetupError` on failure."""
        limits = limits or SpoolLimits()
        try:
            make_directory(directory)
            owner = Owner.wait_for(directory, writer)
            marker = entropy(MARKER_SIZE)
            owner.save_marker(marker)
            journal = Journal(directory, writer, marker, limits, clock)
            reserve = Reserve(reserve_path(directory, writer), limits.reserve_step_bytes)
        except OSError as failure:
            raise SetupError(
                f"The spool {directory} cannot be written: {failure.strerror}.",
                hint="Check the permissions of the directory and the free space of its disk.",
            ) from failure
        share = limits.project_share
        capacity = Capacity(limits.quota_bytes, reserve, journal.used_bytes, share)
        context = SpoolContext(directory, limits, clock, jitter, on_step)
        return cls(context, owner, journal, capacity)

    def begin(
        self,
        key: str,
        payload: bytes,
        *,
        end_bytes: int = USUAL_END_BYTES,
        on_full: OnFull = OnFull.REFUSE,
        project: str = "",
    ) -> None:
        """Records that a call begins, and reserves `end_bytes` for its END.

        If the spool is full, or the share of `project` is used up: raises `SpoolFull` under
        `refuse`; under `serve` the call continues without a record.
        """
        self._writer.begin(key, payload, end_bytes, on_full, project)

    def end(self, key: str, payload: bytes, *, project: str = "") -> bool:
        """Records how a call ended. Returns `False` if it cannot be written; it counts as lost.

        The END of a call without BEGIN (it failed early, or did not fit) is written if it fits.
        End refused calls too: their END does not count as lost if it does not fit.
        More than `frame.MAX_PAYLOAD` bytes never fit.
        """
        return self._writer.end(key, payload, project)

    async def run(self, send: Send) -> None:
        """Ships, maintains the spool and adopts dead writers until it is cancelled."""
        await self._shipper.run(send)

    async def drain(self, send: Send, *, timeout_s: float) -> bool:
        """Ships the rest, after `run` and the last call have ended. Returns `False` on time-out;
        the rest then stays for the next process."""
        self._writer.cut()
        await asyncio.to_thread(self._sync)
        try:
            async with asyncio.timeout(timeout_s):
                await self._shipper.ship_rest(send)
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Closes the journal. Deletes its files if all is shipped; else another process adopts."""
        self._stop.set()
        self._syncing.join()
        self._sync()
        self._journal.close()
        self._capacity.close()
        if self._journal.oldest_unshipped() is None and not self._writer.open_calls:
            remove_files(self._context.directory, self._journal.current.writer)
            self._owner.retire()
        self._owner.release()

    def stats(self) -> SpoolStats:
        """Returns the statistics; sizes on disk are up to a second old."""
        writer, counters, usage = self._writer, self._shipper.counters, self._shipper.usage
        return SpoolStats(
            bytes_on_disk=self._capacity.foreign_bytes + self._journal.used_bytes(),
            segments_on_disk=usage.segment_count,
            rejected_on_disk=usage.rejected_count,
            corrupt_on_disk=usage.corrupt_count,
            open_calls=len(writer.open_calls),
            waiting_batches=len(self._journal.batches),
            oldest_unshipped_s=self._oldest_unshipped_s(),
            full_because=writer.full_because,
            lost_calls=writer.lost_calls,
            refused_calls=writer.refused_calls,
            shipped_batches=counters.shipped_batches,
            shipped_bytes=counters.shipped_bytes,
            rejected_batches=counters.rejected_batches,
            retries=counters.retries,
            sync_failures=counters.sync_failures,
            adopted_writers=counters.adopted_writers,
            interrupted_calls=counters.interrupted_calls,
            torn_tails=counters.torn_tails,
            corrupt_stretches=counters.corrupt_stretches,
            last_failure=counters.last_failure,
            again_on_disk=usage.again_count,
            dropped_files=counters.dropped_files,
            projects_at_share=self._capacity.projects_at_share(USUAL_END_BYTES),
        )

    def _oldest_unshipped_s(self) -> float:
        now = self._context.clock.monotonic()
        since = [self._journal.oldest_unshipped(), self._shipper.counters.recovering_since]
        return now - min((moment for moment in since if moment is not None), default=now)

    def _sync_often(self) -> None:
        while not self._stop.wait(self._context.limits.sync_s):
            self._sync()

    def _sync(self) -> None:
        try:
            with self._one_sync:
                self._journal.sync()
        except OSError as failure:
            self._shipper.counters.sync_failures += 1
            self._shipper.counters.last_failure = f"syncing the spool: {failure}"
