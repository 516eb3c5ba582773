"""Whether there is room for another call, and making room for what must be written.

Two bounds: the quota, which is ours, and the disk, which is everybody's. Both are asked when a
call begins, for its begin and its end together.
"""

import errno
from collections.abc import Callable
from typing import TypeVar

from penstock.infra.spool.holders import Holders
from penstock.infra.spool.limits import MIB, ShareReached
from penstock.infra.spool.reserve import Reserve

T = TypeVar("T")


class Room:
    """`used_bytes` asks what this writer has on the disk; `foreign_bytes` is what the others of
    the same home have, `promised` what is kept for the ends of open calls."""

    def __init__(
        self,
        quota_bytes: int,
        reserve: Reserve,
        used_bytes: Callable[[], int],
        project_share: float = 1.0,
    ) -> None:
        self.foreign_bytes = 0
        self.promised = 0
        self._holders = Holders(project_share)
        self._quota = quota_bytes
        self._reserve = reserve
        self._used_bytes = used_bytes

    def admit(self, begin_bytes: int, end_bytes: int, project: str = "") -> None:
        """`OSError` unless begin and end fit beside everything that is promised already;
        `ShareReached` if they fit but `project` has its share."""
        more = begin_bytes + end_bytes
        free = self._free_bytes()
        if more > free:
            raise OSError(errno.EDQUOT, f"the quota of {self._quota / MIB:.3g} MiB is reached")
        if not self._holders.fits(project, more, free):
            share = f"the project's share of the quota of {self._quota / MIB:.3g} MiB is reached"
            raise ShareReached(errno.EDQUOT, share)
        self._reserve.hold(self.promised + more)

    def projects_at_share(self, call_bytes: int) -> int:
        """How many projects have so much of the quota that a call of theirs is refused."""
        return self._holders.count_at_share(call_bytes, max(0, self._free_bytes()))

    def _free_bytes(self) -> int:
        return self._quota - self._used_bytes() - self.foreign_bytes - self.promised

    def promise(self, project: str, size: int) -> None:
        """Keeps room for the end of a call; a negative `size` gives it back."""
        self.promised += size
        self._holders.promise(project, size)

    def wrote(self, project: str, size: int) -> None:
        """A record of `project` is on the disk."""
        self._holders.write(project, size)

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
        self._reserve.trim(self.promised)
        self._holders.shrink(self._used_bytes())

    def close(self) -> None:
        """Gives everything back."""
        self._reserve.remove()
