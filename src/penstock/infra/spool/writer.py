"""The writer: appends BEGIN and END of calls to the journal, on the path of every request.

Plain writes, no locks, no waiting, one thread. Admission is decided when a call begins, so that the
END of an admitted call always fits. Shipping is not here.
"""

import errno
from collections.abc import Callable
from typing import Final

import msgspec

from penstock.infra.spool.capacity import Capacity
from penstock.infra.spool.frame import HEADER_SIZE, MAX_PAYLOAD, Kind
from penstock.infra.spool.journal import Journal
from penstock.infra.spool.policy import OnFull, ShareReached, SpoolFull

USUAL_END_BYTES: Final = 16 * 1024
# Names of this module: in Python 3.11 reading a member of an enumeration is slow.
_BEGIN: Final = Kind.BEGIN
_END: Final = Kind.END
_HINT: Final = (
    "The spool drains while the server answers: start it, free disk space or raise the quota."
)


class OpenCall(msgspec.Struct, frozen=True, gc=False):
    """The BEGIN of a call without END, and the bytes that are reserved for its END."""

    begin: bytes
    end_bytes: int


class Writer:
    """Counts lost and refused calls. `full_because` is empty unless the spool is full."""

    def __init__(
        self, journal: Journal, capacity: Capacity, on_step: Callable[[str], None]
    ) -> None:
        self.open_calls: dict[str, OpenCall] = {}
        self.lost_calls = 0
        self.refused_calls = 0
        self.full_because = ""
        self._refused: set[str] = set()
        self._journal = journal
        self._capacity = capacity
        self._on_step = on_step

    def begin(
        self, key: str, payload: bytes, end_bytes: int, on_full: OnFull, project: str = ""
    ) -> None:
        """See `Spool.begin`."""
        size = len(payload) + HEADER_SIZE
        try:
            self._capacity.admit(size, end_bytes, project)
            limit_reached = self._journal.append(_BEGIN, payload)
        except OSError as failure:
            self._full(failure)
            if on_full is OnFull.REFUSE:
                self.refused_calls += 1
                self._refused.add(key)
                raise _spool_full(failure) from failure
            return
        self.full_because = ""
        self.open_calls[key] = OpenCall(payload, end_bytes)
        self._capacity.count(project, written=size, reserved=end_bytes)
        if limit_reached:
            self._cut_or_rotate()

    def end(self, key: str, payload: bytes, project: str = "") -> bool:
        """See `Spool.end`."""
        opened = self.open_calls.pop(key, None)
        size = len(payload) + HEADER_SIZE
        released = opened.end_bytes if opened is not None else 0
        written = 0
        try:
            if len(payload) > MAX_PAYLOAD:
                raise OSError(errno.EFBIG, f"{len(payload)} bytes are too many for a record")
            if opened is None:
                self._capacity.admit(size, 0, project)
            append = self._journal.append
            limit_reached = self._capacity.write_reserved(size, append, _END, payload)
            written = size
        except OSError as failure:
            self._full(failure)
            self.lost_calls += key not in self._refused
            return False
        finally:
            self._refused.discard(key)
            self._capacity.count(project, written=written, reserved=-released)
        if limit_reached:
            self._cut_or_rotate()
        return True

    def tick(self, now: float, *, cut_old: bool) -> None:
        """Closes an old segment and checks for capacity; with `cut_old` also cuts an old batch.
        Without it (while other batches wait) a backlog grows in large batches."""
        if cut_old and self._journal.batch_is_old(now):
            self.cut()
        if self._journal.segment_is_full or self._journal.segment_is_old(now):
            self.rotate()
        if self.full_because:
            self._probe_capacity()
        self._capacity.trim()

    def cut(self) -> None:
        """Ends the batch. If the CUT cannot be written, the batch continues."""
        try:
            self._capacity.write_reserved(HEADER_SIZE, self._journal.cut)
        except OSError as failure:
            self._full(failure)
        else:
            self._on_step("cut")

    def rotate(self) -> None:
        """Switches to a new segment with all open BEGINs. If that fails, the old one continues."""
        head = [call.begin for call in self.open_calls.values()]
        size = sum(map(len, head)) + HEADER_SIZE * len(head)
        try:
            self._capacity.write_reserved(size, self._journal.rotate, head)
        except OSError as failure:
            self._full(failure)
        else:
            self._on_step("rotated")

    def _cut_or_rotate(self) -> None:
        if self._journal.segment_is_full:
            self.rotate()
        else:
            self.cut()

    def _probe_capacity(self) -> None:
        try:
            self._capacity.probe(USUAL_END_BYTES, USUAL_END_BYTES)
        except OSError as failure:
            self._full(failure)
        else:
            self.full_because = ""

    def _full(self, failure: OSError) -> None:
        if isinstance(failure, ShareReached):
            return  # of one project only: the spool is not full
        self.full_because = failure.strerror or str(failure)


def _spool_full(failure: OSError) -> SpoolFull:
    reason = failure.strerror or str(failure)
    return SpoolFull(
        f"The record of this call cannot be written: {reason}.", hint=_HINT, retry_after_s=5
    )
