"""The segments of one writer as one endless log: append, cut batches, rotate, sync.

All methods except `sync` belong to the writing thread; none blocks. The writer decides what happens
without capacity. All times are monotonic, because the wall clock may jump.
"""

from collections import deque
from collections.abc import Collection
from pathlib import Path

from penstock.infra.spool.files import BatchRange, SegmentName, sync_directory
from penstock.infra.spool.frame import FrameEncoder, Kind
from penstock.infra.spool.policy import SpoolLimits
from penstock.infra.spool.segment import Segment
from penstock.kernel.time import Clock


class Journal:
    """`batches` are cut and not yet stored; `closed` segments are not yet deleted; oldest first."""

    def __init__(
        self, directory: Path, writer: str, marker: bytes, limits: SpoolLimits, clock: Clock
    ) -> None:
        self.batches: deque[BatchRange] = deque()
        self.closed: deque[tuple[SegmentName, int]] = deque()
        self._directory = directory
        self._encoder = FrameEncoder(marker)
        self._limits = limits
        self._batch_bytes, self._batch_records = limits.batch_bytes, limits.batch_records
        self._rotate_bytes = limits.rotate_bytes
        self._clock = clock
        self._unsynced: deque[Segment] = deque()  # closed for writing, still to be synced
        self._synced = (SegmentName(writer, 0), 0)
        self._closed_bytes = 0
        self._open(Segment.create(directory, SegmentName(writer, 1), self._encoder, ()))

    def append(self, kind: Kind, payload: bytes) -> bool:
        """Writes one record. Returns whether the batch or the segment has reached its maximum size.
        Raises `OSError` if writing fails; the log is then unchanged."""
        if not self._records:
            self._since = self._clock.monotonic()
        segment = self._segment
        segment.append(kind, payload)
        self._records += 1
        return (
            segment.size - self._cut_at >= self._batch_bytes
            or self._records >= self._batch_records
            or segment.size >= self._rotate_bytes
        )

    def cut(self) -> None:
        """Ends the batch unless it is empty. Raises `OSError` as `append` does."""
        if self._segment.size > self._cut_at:
            self._segment.append(Kind.CUT)
            self._end_batch()

    def _end_batch(self) -> None:
        name, start, end = self._segment.name, self._cut_at, self._segment.size
        if end > start:
            self.batches.append(BatchRange(name, start, end, self._since))
        self._cut_at, self._records = end, 0

    def rotate(self, head: Collection[bytes]) -> None:
        """Switches to a new segment that starts with `head` as BEGINs. Raises `OSError` as above.

        The end of a segment ends its last batch, which therefore needs no CUT.
        """
        old = self._segment
        name = SegmentName(old.name.writer, old.name.sequence + 1)
        fresh = Segment.create(self._directory, name, self._encoder, head)
        self._end_batch()
        self.closed.append((old.name, old.size))
        self._closed_bytes += old.size
        self._unsynced.append(old)  # before the switch: `sync` must not miss it
        self._open(fresh)

    def _open(self, segment: Segment) -> None:
        self._created = self._since = self._clock.monotonic()
        self._cut_at = self._records = 0
        self._head_bytes = segment.size
        self._segment = segment

    @property
    def current(self) -> SegmentName:
        """Returns the segment that is being written."""
        return self._segment.name

    def used_bytes(self) -> int:
        """Returns the size of this log on the disk."""
        return self._closed_bytes + self._segment.size

    def batch_is_old(self, now: float) -> bool:
        """Returns whether the batch has records and has reached its maximum age."""
        return self._segment.size > self._cut_at and now - self._since >= self._limits.batch_s

    @property
    def segment_is_full(self) -> bool:
        """Returns whether the segment has reached its maximum size or is broken."""
        return self._segment.size >= self._rotate_bytes or self._segment.broken

    def segment_is_old(self, now: float) -> bool:
        """Returns whether the segment has records and has reached its maximum age."""
        return (
            self._segment.size > self._head_bytes and now - self._created >= self._limits.segment_s
        )

    def next_synced(self) -> BatchRange | None:
        """Returns the oldest batch, if it is durable."""
        if self.batches and self._covers(self.batches[0]):
            return self.batches[0]
        return None

    def _covers(self, batch: BatchRange) -> bool:
        return (batch.segment, batch.end) <= self._synced

    def take_finished(self) -> list[SegmentName]:
        """Returns the closed segments to delete: all is stored, and the successor is durable."""
        needed = self.batches[0].segment if self.batches else self.current
        limit = min(needed, self._synced[0])
        finished: list[SegmentName] = []
        while self.closed and self.closed[0][0] < limit:
            name, size = self.closed.popleft()
            self._closed_bytes -= size
            finished.append(name)
        return finished

    def oldest_unshipped(self) -> float | None:
        """Returns when the oldest record that is not yet stored was written; `None` without one."""
        if self.batches:
            return self.batches[0].since
        return self._since if self._segment.size > self._cut_at else None

    def sync(self) -> None:
        """Makes the written records durable. Call it from one thread at a time.

        Raises `OSError` if the disk fails; no more records count as durable until a later call
        succeeds.
        """
        current = self._segment
        while self._unsynced and self._unsynced[0] is not current:
            self._unsynced[0].sync()
            self._unsynced.popleft().close()
        size = current.sync()
        if current.name != self._synced[0]:
            sync_directory(self._directory)
        self._synced = (current.name, size)

    def close(self) -> None:
        """Closes the segment. Call `sync` before."""
        self._segment.close()
