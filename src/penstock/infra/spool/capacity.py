"""The capacity of the spool: whether another call fits, and space for what must be written.

There are two bounds: the quota, and the free space of the disk. Both are checked when a call
begins, for its BEGIN and its END together.
"""

import errno
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from penstock.infra.spool.policy import MIB, ShareReached
from penstock.infra.spool.project_usage import ProjectUsage
from penstock.infra.spool.reserve import Reserve

Ts = TypeVarTuple("Ts")
T = TypeVar("T")


class Capacity:
    """`used_bytes` returns the disk usage of this writer. `foreign_bytes` is that of the other
    writers of the home; `reserved` is kept for the ENDs of open calls."""

    def __init__(
        self,
        quota_bytes: int,
        reserve: Reserve,
        used_bytes: Callable[[], int],
        project_share: float = 1.0,
    ) -> None:
        self.foreign_bytes = 0
        self.reserved = 0
        self._projects = ProjectUsage(project_share)
        self._quota = quota_bytes
        self._reserve = reserve
        self._used_bytes = used_bytes

    def admit(self, begin_bytes: int, end_bytes: int, project: str = "") -> None:
        """Returns if a BEGIN and its END fit beside all reservations. Otherwise raises `OSError`:
        `ShareReached` if only the share of `project` is used up."""
        more = begin_bytes + end_bytes
        free = self._free_bytes()
        if more > free:
            raise OSError(errno.EDQUOT, f"the quota of {self._quota / MIB:.3g} MiB is reached")
        if not self._projects.fits(project, more, free):
            share = f"the project's share of the quota of {self._quota / MIB:.3g} MiB is reached"
            raise ShareReached(errno.EDQUOT, share)
        self._reserve.hold(self.reserved + more)

    def projects_at_share(self, call_bytes: int) -> int:
        """Counts the projects whose share does not allow a call of this size."""
        return self._projects.count_at_share(call_bytes, max(0, self._free_bytes()))

    def _free_bytes(self) -> int:
        return self._quota - self._used_bytes() - self.foreign_bytes - self.reserved

    def count(self, project: str, *, written: int, reserved: int) -> None:
        """Counts bytes of `project`: of a written record, and newly reserved for the END of a call
        (negative: released)."""
        self.reserved += reserved
        self._projects.count(project, written, reserved)

    def probe(self, begin_bytes: int, end_bytes: int) -> None:
        """Checks like `admit`, and also that the disk can reserve more than now.
        After a failed write the reserve alone does not prove that the disk has space again."""
        self.admit(begin_bytes, end_bytes)
        self._reserve.hold(self._reserve.size + 1)

    def write_reserved(self, size: int, write: Callable[[*Ts], T], *args: *Ts) -> T:
        """Calls `write`; on a full disk it frees `size` reserved bytes and calls it again.

        Does not check the quota: that was done when the call began. Raises the `OSError` of
        `write` if nothing is left to free.
        """
        while True:
            try:
                return write(*args)
            except OSError as failure:
                if failure.errno != errno.ENOSPC or not self._reserve.free(size):
                    raise

    def trim(self) -> None:
        """Releases reserved space that is no longer needed. Subtracts shipped bytes from the usage
        of their projects."""
        self._reserve.trim(self.reserved)
        self._projects.shrink(self._used_bytes())

    def close(self) -> None:
        """Releases all reserved space."""
        self._reserve.remove()
