"""Whether there is room for another call, and making room for what must be written.

Two bounds: the quota, which is ours, and the disk, which is everybody's. Both are asked when a
call begins, for its begin and its end together.
"""

import errno
from collections.abc import Callable
from typing import TypeVar

from penstock.infra.spool.policy import MIB, ShareReached
from penstock.infra.spool.project_usage import ProjectUsage
from penstock.infra.spool.reserve import Reserve

T = TypeVar("T")


class Capacity:
    """`used_bytes` asks what this writer has on the disk; `foreign_bytes` is what the others of
    the same home have, `reserved` what is kept for the ends of open calls."""

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
        """`OSError` unless begin and end fit beside everything that is reserved already;
        `ShareReached` if they fit but `project` has its share."""
        more = begin_bytes + end_bytes
        free = self._free_bytes()
        if more > free:
            raise OSError(errno.EDQUOT, f"the quota of {self._quota / MIB:.3g} MiB is reached")
        if not self._projects.fits(project, more, free):
            share = f"the project's share of the quota of {self._quota / MIB:.3g} MiB is reached"
            raise ShareReached(errno.EDQUOT, share)
        self._reserve.hold(self.reserved + more)

    def projects_at_share(self, call_bytes: int) -> int:
        """How many projects have so much of the quota that a call of theirs is refused."""
        return self._projects.count_at_share(call_bytes, max(0, self._free_bytes()))

    def _free_bytes(self) -> int:
        return self._quota - self._used_bytes() - self.foreign_bytes - self.reserved

    def reserve(self, project: str, size: int) -> None:
        """Keeps room for the end of a call; a negative `size` gives it back."""
        self.reserved += size
        self._projects.reserve(project, size)

    def wrote(self, project: str, size: int) -> None:
        """A record of `project` is on the disk."""
        self._projects.write(project, size)

    def find(self, begin_bytes: int, end_bytes: int) -> None:
        """As `admit`, and the disk must give something beyond what is reserved already: after a
        failed write the reserve alone does not say that there is room again."""
        self.admit(begin_bytes, end_bytes)
        self._reserve.hold(self._reserve.size + 1)

    def surely(self, size: int, write: Callable[[], T]) -> T:
        """Does `write`; on a full disk frees reserved room for `size` bytes and tries again.

        The quota is not asked: that was done when the call began. `OSError` when even that fails.
        """
        while True:
            try:
                return write()
            except OSError as failure:
                if failure.errno != errno.ENOSPC or not self._reserve.give_back(size):
                    raise

    def trim(self) -> None:
        """Gives back what a past rush has left reserved, and what has been shipped."""
        self._reserve.trim(self.reserved)
        self._projects.shrink(self._used_bytes())

    def close(self) -> None:
        """Gives everything back."""
        self._reserve.remove()
