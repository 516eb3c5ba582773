"""The batches to ship, in order: of this process's writer, and of dead writers.

Both are generators. When a `yield` returns, the batch is stored or quarantined, and the code after
it removes the batch from the spool. A generator that is closed at a `yield` removes nothing.
"""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final, NamedTuple

from penstock.infra.spool.files import (
    BatchRange,
    SegmentName,
    read_batch,
    remove_files,
    remove_segment,
    segments_of,
)
from penstock.infra.spool.journal import Journal
from penstock.infra.spool.owner import Owner, SpoolCheckpoint
from penstock.infra.spool.quarantine import quarantine_damage
from penstock.infra.spool.recovery import (
    CallKey,
    SegmentContents,
    interrupted_batch,
    marker_of,
    read_segment,
)
from penstock.infra.spool.stats import SpoolCounters
from penstock.kernel.time import Clock

_READ_IN_PLACE_BYTES: Final = 1024 * 1024


class Batch(NamedTuple):
    """Name and bytes of a batch to ship."""

    name: str
    data: bytes


async def own_batches(
    directory: Path, journal: Journal, owner: Owner, *, idle_s: float, until_empty: bool = False
) -> AsyncGenerator[Batch]:
    """Yields the batches of this process once they are durable; ends only if `until_empty`."""
    while True:
        batch = journal.next_synced()
        if batch is None:
            if until_empty:
                return
            await asyncio.sleep(idle_s)
            continue
        yield Batch(batch.name, await _read(directory, batch))
        owner.acknowledge(SpoolCheckpoint(batch.segment.sequence, batch.end))
        journal.batches.popleft()


async def recover_batches(
    directory: Path, writer: str, owner: Owner, counters: SpoolCounters, clock: Clock
) -> AsyncGenerator[Batch]:
    """Yields the batches of a dead writer, then its interrupted calls; then deletes its files.

    A segment is deleted once its batches are stored: the next one repeats its open BEGINs.
    """
    checkpoint = owner.checkpoint()
    begun: dict[CallKey, bytes] = {}
    segments = segments_of(directory, writer)
    marker = owner.marker() or await asyncio.to_thread(marker_of, directory, segments)
    died_ns = 0
    for name in segments:
        if name.sequence < checkpoint.sequence:
            await asyncio.to_thread(remove_segment, directory, name)
            continue
        contents = await asyncio.to_thread(read_segment, directory, name, marker, begun)
        died_ns = contents.written_ns
        counters.recovering_since = clock.monotonic() - max(0, clock.now_ns() - died_ns) / 1e9
        for batch in contents.batches:
            if SpoolCheckpoint(name.sequence, batch.end) > checkpoint:
                yield Batch(batch.name, await _read(directory, batch))
                owner.acknowledge(SpoolCheckpoint(name.sequence, batch.end))
        await asyncio.to_thread(_quarantine_damages, directory, name, contents, counters)
        if name != segments[-1]:
            await asyncio.to_thread(remove_segment, directory, name)
    if begun:
        yield Batch(f"{writer}:interrupted", interrupted_batch(begun, died_ns, marker))
        counters.interrupted_calls += len(begun)
    await asyncio.to_thread(remove_files, directory, writer)
    owner.retire()


async def _read(directory: Path, batch: BatchRange) -> bytes:
    if batch.end - batch.start <= _READ_IN_PLACE_BYTES:
        return read_batch(directory, batch)  # just written: page cache
    return await asyncio.to_thread(read_batch, directory, batch)


def _quarantine_damages(
    directory: Path, name: SegmentName, contents: SegmentContents, counters: SpoolCounters
) -> None:
    for damage in contents.damages:
        if damage.torn:
            counters.torn_tails += 1
            continue
        with name.path(directory).open("rb") as file:
            file.seek(damage.start)
            quarantine_damage(directory, name, damage.start, file.read(damage.end - damage.start))
        counters.corrupt_stretches += 1
