"""One writer's segments as one endless log: appending, cutting batches, rotating, syncing.

All methods but `sync` belong to the writing thread; none waits. Whether there is capacity, and what
to do without, is the writer's question. Moments are monotonic: the wall clock may jump.
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
    """`batches` are cut and not yet forgotten, `closed` segments not yet removed; oldest first."""

    def __init__(
        self, directory: Path, writer: str, marker: bytes, limits: SpoolLimits, clock: Clock
    ) -> None:
        self.batches: deque[BatchRange] = deque()
        self.closed: deque[tuple[SegmentName, int]] = deque()
        self._directory = directory
        self._encoder = FrameEncoder(marker)
        self._limits = limits
        self._rotate_bytes = limits.rotate_bytes
        self._clock = clock
        self._unsynced: deque[Segment] = deque()  # closed for writing, still to be synced
        self._synced = (SegmentName(writer, 0), 0)
        self._closed_bytes = 0
        self._open(Segment.create(directory, SegmentName(writer, 1), self._encoder, ()))

    def append(self, kind: Kind, payload: bytes) -> None:
        """Writes one record. `OSError` if it cannot be; the log then is as it was."""
        if not self._records:
            self._since = self._clock.monotonic()
        self._segment.append(kind, payload)
        self._records += 1

    def cut(self) -> None:
        """Ends the batch, if it has anything in it. `OSError` as for `append`."""
        if self._segment.size > self._cut_at:
            self._segment.append(Kind.CUT)
            self._end_batch()

    def _end_batch(self) -> None:
        name, start, end = self._segment.name, self._cut_at, self._segment.size
        if end > start:
            self.batches.append(BatchRange(name, start, end, self._since))
        self._cut_at, self._records = end, 0

    def rotate(self, head: Collection[bytes]) -> None:
        """Goes on in a new segment, which starts with `head` as BEGINs. `OSError` as above.

        The end of a segment ends its last batch: that one needs no CUT.
        """
        old = self._segment
        name = SegmentName(old.name.writer, old.name.sequence + 1)
        fresh = Segment.create(self._directory, name, self._encoder, head)
        self._end_batch()
        self.closed.append((old.name, old.size))
        self._closed_bytes += old.size
        self._unsynced.append(old)  # before the switch: `sync` must never pass over it
        self._open(fresh)

    def _open(self, segment: Segment) -> None:
        self._created = self._since = self._clock.monotonic()
        self._cut_at = self._records = 0
        self._head_bytes = segment.size
        self._segment = segment

    @property
    def current(self) -> SegmentName:
        """The segment that is written now."""
        return self._segment.name

    @property
    def used_bytes(self) -> int:
        """What this log has on the disk."""
        return self._closed_bytes + self._segment.size

    @property
    def batch_is_full(self) -> bool:
        """Whether the batch has reached its size."""
        size = self._segment.size - self._cut_at
        return size >= self._limits.batch_bytes or self._records >= self._limits.batch_records

    def batch_is_old(self, now: float) -> bool:
        """Whether the batch has anything in it and has waited long enough."""
        return self._segment.size > self._cut_at and now - self._since >= self._limits.batch_s

    @property
    def segment_is_full(self) -> bool:
        """Whether the segment has reached its size, or cannot be written any more."""
        return self._segment.size >= self._rotate_bytes or self._segment.broken

    def segment_is_old(self, now: float) -> bool:
        """Whether the segment has been written to and stood long enough."""
        return (
            self._segment.size > self._head_bytes and now - self._created >= self._limits.segment_s
        )

    def next_synced(self) -> BatchRange | None:
        """The oldest batch, once a power cut cannot take it back."""
        if self.batches and self._covers(self.batches[0]):
            return self.batches[0]
        return None

    def _covers(self, batch: BatchRange) -> bool:
        return (batch.segment, batch.end) <= self._synced

    def take_finished(self) -> list[SegmentName]:
        """The closed segments that nobody needs any more: all shipped, successor durable."""
        needed = self.batches[0].segment if self.batches else self.current
        limit = min(needed, self._synced[0])
        finished: list[SegmentName] = []
        while self.closed and self.closed[0][0] < limit:
            name, size = self.closed.popleft()
            self._closed_bytes -= size
            finished.append(name)
        return finished

    def oldest_unshipped(self) -> float | None:
        """When the oldest record that is not yet forgotten was written; `None`: there is none."""
        if self.batches:
            return self.batches[0].since
        return self._since if self._segment.size > self._cut_at else None

    def sync(self) -> None:
        """Makes durable what is written so far (any one thread). `OSError` if the disk fails:
        then nothing more counts as durable until a later call succeeds."""
        current = self._segment
        while self._unsynced and self._unsynced[0] is not current:
            self._unsynced[0].sync()
            self._unsynced.popleft().close()
        size = current.sync()
        if current.name != self._synced[0]:
            sync_directory(self._directory)
        self._synced = (current.name, size)

    def close(self) -> None:
        """Ends writing. Call `sync` before."""
        self._segment.close()
