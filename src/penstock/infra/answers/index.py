"""Finds answers: one file of fixed size, which all workers of the machine map.

An answer has a slot in one of the sets of the file, chosen by a hash that callers cannot predict. A
slot is a hint: what it names says itself which answer it is, so that a slot of a killed worker, or
one that is read while it is written, is a miss and never another answer.
"""

import mmap
import os
from collections import Counter
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple, Self
from zlib import crc32

from penstock.infra.counters.lock import ByteLock, CountersBusy

NAME: Final = "index.1"  # with the number of its format
SLOTS: Final = 262_144  # for answers of a machine; a set that is full loses one
_WAYS: Final = 32  # slots of a set: half of the file is used before the first set is full
_SLOT: Final = Struct("<16sIIII")  # key; deadline, segment, offset, size
_KEY: Final = 16  # bytes
_SET_SIZE: Final = _WAYS * _SLOT.size
_DEADLINES: Final = Struct("<" + _WAYS * "16xI12x")
_SALT_SIZE: Final = 16
_SETS_AT: Final = 4096
_LOCKS_AT: Final = 1 << 40  # beyond the end of the file
_WAIT_S: Final = 0.0005  # for the lock of a set, which a worker has for microseconds


class Spot(NamedTuple):
    """The position of an answer. `deadline`: the second after which its segment may be gone."""

    deadline: int
    segment: int
    offset: int
    size: int


class AnswerIndex:
    """The open file."""

    def __init__(self, fd: int, data: mmap.mmap, slot_count: int) -> None:
        self._fd = fd
        self._data = data
        self._keyed = blake2b(digest_size=16, key=data[:_SALT_SIZE])
        self._set_count = slot_count // _WAYS

    @classmethod
    def open(cls, folder: Path, slot_count: int = SLOTS) -> Self:
        """Opens the index of a folder; creates both. Raises `OSError`."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / NAME
        if not path.exists():
            _create(path)
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            size = _SETS_AT + slot_count * _SLOT.size
            os.posix_fallocate(fd, 0, size)  # a full disk cannot fault later
            data = mmap.mmap(fd, size)
        except BaseException:
            os.close(fd)
            raise
        return cls(fd, data, slot_count)

    def find(self, place: str) -> Spot | None:
        """Returns where an answer was put."""
        key, at = self._key(place)
        found = self._data.find(key, at, at + _SET_SIZE)
        if found < 0 or found % _SLOT.size:
            return None
        return Spot(*_SLOT.unpack_from(self._data, found)[1:])

    def put(self, place: str, spot: Spot, now_s: float) -> None:
        """Notes where an answer is, in place of one with the same name.

        The lock keeps two workers from choosing the same slot. One that was stopped while it had
        the lock is not waited for."""
        key, at = self._key(place)
        lock = ByteLock(self._fd, _LOCKS_AT + at)
        taken = lock.take()
        if not taken:
            with suppress(CountersBusy):
                lock.wait(_WAIT_S)
                taken = True
        try:
            slots = self._data[at : at + _SET_SIZE]
            _SLOT.pack_into(self._data, at + _choose(slots, key, now_s), key, *spot)
        finally:
            if taken:
                lock.free()

    def close(self) -> None:
        """Closes the file."""
        self._data.close()
        os.close(self._fd)

    def _key(self, place: str) -> tuple[bytes, int]:
        """Returns the key of an answer, which begins with that of its project, and its set."""
        keyed = self._keyed.copy()
        keyed.update(place.encode())
        digest = keyed.digest()
        project = crc32(place.partition("/")[0].encode()).to_bytes(4, "little")
        at = int.from_bytes(digest[:4], "little") % self._set_count
        return project + digest[4:], _SETS_AT + at * _SET_SIZE


def _create(path: Path) -> None:
    """Creates the file with its salt, whole or not at all. Raises `OSError`."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        draft.write_bytes(os.urandom(_SALT_SIZE))
        draft.chmod(0o600)
        with suppress(FileExistsError):  # another worker was faster
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)


def _choose(slots: bytes, key: bytes, now_s: float) -> int:
    """Returns the slot to write: that of the key, one that is free, else the one that expires first
    of the project that has most of the set, so that nobody drives out the answers of others."""
    found = slots.find(key)
    if found >= 0 and found % _SLOT.size == 0:
        return found
    deadlines = _DEADLINES.unpack(slots)
    first = min(deadlines)
    if first <= now_s:
        return deadlines.index(first) * _SLOT.size
    projects = [slots[at : at + 4] for at in range(0, _SET_SIZE, _SLOT.size)]
    counts = Counter([*projects, key[:4]])
    way = min(range(_WAYS), key=lambda way: (-counts[projects[way]], deadlines[way]))
    return way * _SLOT.size
