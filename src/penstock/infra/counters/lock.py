"""Locks on single bytes of a file. The kernel releases them when the process that has them ends,
however it ends; a stopped process keeps them.
"""

import contextlib
import fcntl
import os
import struct
import time
from collections.abc import Generator
from typing import Final

from penstock.spi.counters import CountersUnavailable

_FLOCK: Final = struct.Struct("@hhqqi4x")
_YIELDS: Final = 20  # attempts before the first sleep: a transaction takes a few microseconds
_NAP_S: Final = 0.0001
MAX_BLOCKED_S: Final = (
    0.003  # the event loop waits so long for a lock; then its calls wait beside it
)


class CountersBusy(CountersUnavailable):
    """Another process has the lock, or has been stopped while it had it."""


class ByteLock:
    """The exclusive lock of one byte. It belongs to the open file, not to the process."""

    def __init__(self, fd: int, at: int) -> None:
        self._fd = fd
        self._take = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, at, 1, 0)
        self._free = _FLOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, at, 1, 0)

    def take(self) -> bool:
        """Takes the lock if it is free."""
        try:
            fcntl.fcntl(self._fd, fcntl.F_OFD_SETLK, self._take)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def wait(self, within_s: float = MAX_BLOCKED_S) -> None:
        """Takes the lock. Raises `CountersBusy` if it is not free within a time."""
        if self.take():
            return
        for _ in range(_YIELDS if within_s else 0):
            os.sched_yield()
            if self.take():
                return
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            time.sleep(_NAP_S)
            if self.take():
                return
        raise CountersBusy("Another process is changing the counters.", retry_after_s=1)

    def free(self) -> None:
        """Releases the lock."""
        fcntl.fcntl(self._fd, fcntl.F_OFD_SETLK, self._free)

    @contextlib.contextmanager
    def held(self, within_s: float = MAX_BLOCKED_S) -> Generator[None]:
        """Holds the lock in a block. Raises `CountersBusy`."""
        self.wait(within_s)
        try:
            yield
        finally:
            self.free()
