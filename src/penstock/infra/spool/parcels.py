"""What is to be shipped, in order: from the living writer of this process, and from dead ones.

Both are generators in which a `yield` means: this is stored (or set aside) when you come back.
What follows the `yield` is the forgetting; a generator that is closed there forgets nothing.
"""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final, NamedTuple

from penstock.infra.spool.aside import keep_corrupt
from penstock.infra.spool.deceased import CallKey, Findings, examine, interrupted, marker_of
from penstock.infra.spool.files import (
    Batch,
    SegmentName,
    read_batch,
    remove_segment,
    remove_traces,
    segments_of,
)
from penstock.infra.spool.journal import Journal
from penstock.infra.spool.owner import Mark, Owner
from penstock.infra.spool.stats import Counters
from penstock.kernel.time import Clock

_READ_IN_PLACE_BYTES: Final = 1024 * 1024


class Parcel(NamedTuple):
    """A batch on its way."""

    name: str
    data: bytes


async def from_the_living(
    directory: Path, journal: Journal, owner: Owner, *, idle_s: float, until_empty: bool = False
) -> AsyncGenerator[Parcel]:
    """The batches of this process as they become durable; ends only if `until_empty`."""
    while True:
        batch = journal.next_synced()
        if batch is None:
            if until_empty:
                return
            await asyncio.sleep(idle_s)
            continue
        yield Parcel(batch.name, await _read(directory, batch))
        owner.acknowledge(Mark(batch.segment.sequence, batch.end))
        journal.batches.popleft()


async def from_the_dead(
    directory: Path, writer: str, owner: Owner, counters: Counters, clock: Clock
) -> AsyncGenerator[Parcel]:
    """What a dead writer left, then its interrupted calls; then its files go.

    A segment goes as soon as its batches are stored: the next one repeats the begins it left open.
    """
    mark = owner.mark()
    begun: dict[CallKey, bytes] = {}
    segments = segments_of(directory, writer)
    marker = owner.marker() or await asyncio.to_thread(marker_of, directory, segments)
    died_ns = 0
    for name in segments:
        if name.sequence < mark.sequence:
            await asyncio.to_thread(remove_segment, directory, name)
            continue
        findings = await asyncio.to_thread(examine, directory, name, marker, begun)
        died_ns = findings.written_ns
        counters.carrying_since = clock.monotonic() - max(0, clock.now_ns() - died_ns) / 1e9
        for batch in findings.batches:
            if Mark(name.sequence, batch.end) > mark:
                yield Parcel(batch.name, await _read(directory, batch))
                owner.acknowledge(Mark(name.sequence, batch.end))
        await asyncio.to_thread(_set_damages_aside, directory, name, findings, counters)
        if name != segments[-1]:
            await asyncio.to_thread(remove_segment, directory, name)
    if begun:
        yield Parcel(f"{writer}:interrupted", interrupted(begun, died_ns, marker))
        counters.interrupted_calls += len(begun)
    await asyncio.to_thread(remove_traces, directory, writer)
    owner.retire()


async def _read(directory: Path, batch: Batch) -> bytes:
    if batch.end - batch.start <= _READ_IN_PLACE_BYTES:
        return read_batch(directory, batch)  # just written: page cache
    return await asyncio.to_thread(read_batch, directory, batch)


def _set_damages_aside(
    directory: Path, name: SegmentName, findings: Findings, counters: Counters
) -> None:
    for damage in findings.damages:
        if damage.torn:
            counters.torn_tails += 1
            continue
        with name.path(directory).open("rb") as file:
            file.seek(damage.start)
            keep_corrupt(directory, name, damage.start, file.read(damage.end - damage.start))
        counters.corrupt_stretches += 1
