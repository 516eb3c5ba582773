"""The places for calls at once that the workers of a machine share: locks on bytes of an empty
file.

A place is one byte. The kernel releases the locks of a process that ends, however it ends, so
nothing is counted and nothing has to be repaired. Without the file each worker is alone.
"""

import fcntl
import logging
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from penstock.infra.counters.lock import ByteLock
from penstock.rules.priorities import Priority

NAME: Final = "slots.1"  # with the format's number
MAX_SLOTS: Final = 1024  # places of a target

_STRIDE: Final = 2048  # bytes of a target: its places, then one for each priority
_KEYS: Final = 1 << 48
_FLOCK: Final = struct.Struct("@hhqqi4x")
_log: Final = logging.getLogger("penstock.slots")


class SlotFile:
    """The places of all targets of a machine. `problem` says why they are not shared."""

    def __init__(self, folder: Path) -> None:
        self.problem = ""
        self._fd = -1
        path = folder / NAME
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            self.problem = f"{path} cannot be used: {error.strerror}."
            _log.warning("%s", self.problem)

    def slots(self, key: bytes) -> "SharedSlots":
        """Returns the places of a target. `key`: 16 bytes that name it. A worker asks once for each
        target: two sets of places of one process do not see each other."""
        return SharedSlots(self._fd, int.from_bytes(key[:6], "little") % _KEYS * _STRIDE)

    def close(self) -> None:
        """Closes the file; all places of this process are free."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class SharedSlots:
    """The places of one target: those of this process, and locks of others on theirs."""

    def __init__(self, fd: int, begin: int) -> None:
        self._fd = fd
        self._begin = begin
        self._own: dict[int, ByteLock | None] = {}

    def __len__(self) -> int:
        return len(self._own)

    def take(self, limit: int) -> int | None:
        """Takes one of the first `limit` places; `None` if all are taken."""
        if len(self._own) >= limit:
            return None
        start = os.getpid() * 97  # workers begin at different places, so that the first one is free
        usual = next(at for at in range(start, start + limit) if at % limit not in self._own)
        if self._lock(usual % limit):
            return usual % limit
        for begin, end in self._free_of_others(limit):
            for at in range(begin, end):
                if at not in self._own and self._lock(at):
                    return at
        return None

    def free(self, at: int) -> None:
        """Frees a place of this process."""
        lock = self._own.pop(at)
        if lock is not None and self._fd >= 0:
            lock.free()

    def in_use(self) -> int:
        """Returns the places that the processes of the machine have taken."""
        free = sum(end - begin for begin, end in self._free_of_others(MAX_SLOTS))
        return len(self._own) + MAX_SLOTS - free

    def show_waiting(self, priority: Priority, *, wait: bool) -> None:
        """Shows the others whether calls of a priority wait here."""
        if self._fd >= 0:
            kind = fcntl.F_RDLCK if wait else fcntl.F_UNLCK
            at = self._begin + MAX_SLOTS + priority
            fcntl.fcntl(self._fd, fcntl.F_OFD_SETLK, _FLOCK.pack(kind, os.SEEK_SET, at, 1, 0))

    def others_wait(self, least: int) -> bool:
        """Returns whether calls of at least a priority wait in another process."""
        levels = len(Priority) - least
        return levels > 0 and self._conflict(MAX_SLOTS + least, levels) is not None

    def _free_of_others(self, limit: int) -> Iterator[tuple[int, int]]:
        """Yields the ranges of places that no other process has."""
        ranges = [(0, limit)]
        while ranges:  # the kernel names any lock in a range, not the first one
            begin, end = ranges.pop()
            found = self._conflict(begin, end - begin)
            if found is None:
                yield begin, end
                continue
            start, stop = max(found[0], begin), min(sum(found), end)
            ranges += [part for part in ((begin, start), (stop, end)) if part[0] < part[1]]

    def _lock(self, at: int) -> bool:
        lock = ByteLock(self._fd, self._begin + at) if self._fd >= 0 else None
        if lock is not None and not lock.take():
            return False
        self._own[at] = lock
        return True

    def _conflict(self, at: int, length: int) -> tuple[int, int] | None:
        """Returns start and length of a lock of another process in a range."""
        if self._fd < 0:
            return None
        wanted = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, self._begin + at, length, 0)
        kind, _, start, found, _ = _FLOCK.unpack(fcntl.fcntl(self._fd, fcntl.F_OFD_GETLK, wanted))
        return None if kind == fcntl.F_UNLCK else (start - self._begin, found)
