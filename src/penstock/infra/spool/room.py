"""Whether there is room for another call, and making room for what must be written.

Two bounds: the quota, which is ours, and the disk, which is everybody's. Both are asked when a
call begins, for its begin and its end together.
"""

import errno
from collections.abc import Callable
from typing import TypeVar

from penstock.infra.spool.limits import MIB
from penstock.infra.spool.reserve import Reserve

T = TypeVar("T")


class Room:
    """`used_bytes` asks what this writer has on the disk; `foreign_bytes` is what the others of
    the same home have, `promised` what is kept for the ends of open calls."""

    def __init__(self, quota_bytes: int, reserve: Reserve, used_bytes: Callable[[], int]) -> None:
        self.foreign_bytes = 0
        self.promised = 0
        self._quota = quota_bytes
        self._reserve = reserve
        self._used_bytes = used_bytes

    def admit(self, begin_bytes: int, end_bytes: int) -> None:
        """`OSError` unless begin and end fit beside everything that is promised already."""
        wanted = self.promised + begin_bytes + end_bytes
        if self._used_bytes() + self.foreign_bytes + wanted > self._quota:
            raise OSError(errno.EDQUOT, f"the quota of {self._quota / MIB:.3g} MiB is reached")
        self._reserve.hold(wanted)

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
        """Gives back what a past rush has left reserved."""
        self._reserve.trim(self.promised)

    def close(self) -> None:
        """Gives everything back."""
        self._reserve.remove()
