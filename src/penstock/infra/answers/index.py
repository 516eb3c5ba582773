"""Finds answers: one file of fixed size, which all workers of the machine map.

An answer has a slot in one of the sets of the file, chosen by a hash that callers cannot predict. A
slot is a hint: what it names says itself which answer it is, so that a slot of a killed worker, or
one that is read while it is written, is a miss and never another answer.
"""

import mmap
import os
from collections import Counter
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from typing import Final, Self

import msgspec

from penstock.infra.counters.lock import ByteLock, CountersBusy
from penstock.kernel.checksum import crc32

NAME: Final = "index.1"  # with the number of its format
SLOTS: Final = 262_144  # for answers of a machine; a set that is full loses one
_WAYS: Final = 32  # slots of a set: half of the file is used before the first set is full
_SLOT: Final = Struct("<16sIIII")  # key; deadline, segment, offset, size
_SLOT_SIZE: Final = _SLOT.size
_SET_SIZE: Final = _WAYS * _SLOT_SIZE
_NUMBER: Final = Struct("<I")
_DEADLINE: Final = Struct("<16xI")  # of a slot
_DEADLINES: Final = Struct("<" + _WAYS * "16xI12x")
_SALT_SIZE: Final = 16
_SETS_AT: Final = 4096
_LOCKS_AT: Final = 1 << 40  # beyond the end of the file
_LOCKS: Final = 256  # each for many sets
_WAIT_S: Final = 0.0005  # for a lock, which a worker has for microseconds
_KNOWN: Final = 1024  # places whose keys a worker remembers from the look-up to the answer


class Spot(msgspec.Struct, frozen=True, gc=False):
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
        self._locks = [ByteLock(fd, _LOCKS_AT + at) for at in range(_LOCKS)]
        self._key = lru_cache(_KNOWN)(self._make_key)

    @classmethod
    def open(cls, folder: Path, slot_count: int = SLOTS) -> Self:
        """Opens the index of a folder; creates both. Raises `OSError`."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / NAME
        if not path.exists():
            _create(path)
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            size = _SETS_AT + slot_count * _SLOT_SIZE
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
        if found < 0 or found % _SLOT_SIZE:
            return None
        return Spot(*_SLOT.unpack_from(self._data, found)[1:])

    def put(self, place: str, spot: Spot, now_s: float) -> None:
        """Notes where an answer is, in place of one with the same name.

        The lock keeps two workers from choosing the same slot. One that was stopped while it had
        the lock is not waited for."""
        key, at = self._key(place)
        lock = self._locks[at // _SET_SIZE % _LOCKS]
        taken = lock.take()
        if not taken:
            with suppress(CountersBusy):
                lock.wait(_WAIT_S)
                taken = True
        try:
            slot = self._choose(key, at, now_s)
            _SLOT.pack_into(
                self._data, slot, key, spot.deadline, spot.segment, spot.offset, spot.size
            )
        finally:
            if taken:
                lock.free()

    def close(self) -> None:
        """Closes the file."""
        self._data.close()
        os.close(self._fd)

    def _make_key(self, place: str) -> tuple[bytes, int]:
        """Returns the key of an answer, which begins with that of its project, and its set."""
        name, keyed = place.encode(), self._keyed.copy()
        keyed.update(name)
        digest = keyed.digest()
        project = _NUMBER.pack(crc32(name.partition(b"/")[0]))
        at = _NUMBER.unpack_from(digest)[0] % self._set_count
        return project + digest[4:], _SETS_AT + at * _SET_SIZE

    def _choose(self, key: bytes, at: int, now_s: float) -> int:
        """Returns the slot of a set to write: that of the key, else one that is over."""
        data = self._data
        found = data.find(key, at, at + _SET_SIZE)
        if found >= 0 and found % _SLOT_SIZE == 0:
            return found
        likely = at + key[-1] % _WAYS * _SLOT_SIZE  # most sets have few answers that are not over
        if _DEADLINE.unpack_from(data, likely)[0] <= now_s:
            return likely
        return at + _first_over(data[at : at + _SET_SIZE], key, now_s)


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


def _first_over(slots: bytes, key: bytes, now_s: float) -> int:
    """Returns the slot that is over first. If none is over yet, it is one of the project that has
    most of the set, so that nobody drives out the answers of others."""
    deadlines = _DEADLINES.unpack(slots)
    first = min(deadlines)
    if first <= now_s:
        return deadlines.index(first) * _SLOT_SIZE
    projects = [slots[at : at + 4] for at in range(0, _SET_SIZE, _SLOT_SIZE)]
    counts = Counter([*projects, key[:4]])
    way = min(range(_WAYS), key=lambda way: (-counts[projects[way]], deadlines[way]))
    return way * _SLOT_SIZE
