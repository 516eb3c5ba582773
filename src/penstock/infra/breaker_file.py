"""The file in which the workers of a machine share the states of circuit breakers.

It is mapped: reading a state compares its row with the one that was read last. A row that is being
written or is damaged fails its CRC; then the reader keeps what it knew. Changes take the lock of
the row's set, and repair the row. Without a file each worker is alone.
"""

import asyncio
import errno
import logging
import math
import mmap
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from penstock.infra.counters.lock import ByteLock, CountersBusy
from penstock.infra.shared_file import alone, boot_id, create_whole
from penstock.kernel.checksum import crc32
from penstock.rules.attempts.breaker_state import BreakerCell, BreakerState

NAME: Final = "breakers.1"  # with the format's number
ROWS: Final = 8192  # targets of a machine
WAYS: Final = 8  # rows in which a target may be
_KEY: Final = 16  # bytes
HEAD: Final = struct.Struct("<8sII16s")  # magic, rows, ways, start of the machine
ROWS_AT: Final = 64
ROW: Final = struct.Struct("<16sII6d4xI")  # key, state, CRC
FILE_BYTES: Final = ROWS_AT + ROWS * ROW.size  # of the file; it never grows
LOOK_EVERY_S: Final = 5.0

_MAGIC: Final = b"pstkbrkr"
_CRC: Final = 4  # bytes
_LOCKS_AT: Final = 1 << 40  # beyond the end of the file
_log: Final = logging.getLogger("penstock.breakers")

Step = Callable[[BreakerState], BreakerState]


class _Mapped(NamedTuple):
    fd: int
    inode: int
    data: mmap.mmap

    def close(self) -> None:
        self.data.close()
        os.close(self.fd)


class BreakerFile:
    """The states of all targets of a machine. `problem` says why they are not shared."""

    def __init__(self, folder: Path) -> None:
        self.problem = ""
        self._path = folder / NAME
        self._mapped: _Mapped | None = None
        self.reopen()

    def cell(self, key: bytes) -> BreakerCell:
        """Returns the place of a target's state. `key`: 16 bytes that name the target."""
        return _SharedCell(self, key)

    def reopen(self) -> None:
        """Opens the file, or creates it; again if it was replaced or deleted."""
        if self._mapped is not None and self._mapped.inode == _inode(self._path):
            return
        self.close()
        try:
            self._mapped = _open_or_create(self._path)
            self.problem = ""
        except OSError as error:
            if not self.problem:
                _log.warning("%s cannot be used: %s", self._path, error.strerror)
            self.problem = f"{self._path} cannot be used: {error.strerror}."

    async def run(self) -> None:
        """Looks again and again whether the file is still there."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.reopen()

    def close(self) -> None:
        """Unmaps the file."""
        if self._mapped is not None:
            self._mapped.close()
            self._mapped = None

    def row(self, at: int) -> bytes:
        """Returns the bytes of a row; none without a file."""
        return self._mapped.data[at : at + ROW.size] if self._mapped is not None else b""

    def find(self, key: bytes) -> int:
        """Returns the offset of a target's row; 0 if it has none."""
        return next((at for at in _places(key) if _state_of(self.row(at), key) is not None), 0)

    def change(self, key: bytes, known: BreakerState, seen: bytes, step: Step) -> int:
        """Applies `step` to the state of a target. It is `known` if the target has no other row
        than the one that was `seen`. Returns the offset of its row; 0 if it cannot be changed."""
        if self._mapped is None:
            return 0
        try:
            with ByteLock(self._mapped.fd, _LOCKS_AT + _set_of(key)).held():
                at = self.find(key) or min(_places(key), key=lambda one: _worth(self.row(one)))
                row = self.row(at)
                before = known if row == seen else _state_of(row, key) or known
                self._mapped.data[at : at + ROW.size] = _row_of(key, step(before))
                return at
        except CountersBusy:  # another process has been stopped while it had the lock
            return 0


class _SharedCell:
    """The state of one target in the file."""

    __slots__ = ("_at", "_file", "_key", "_row", "_state")

    def __init__(self, file: BreakerFile, key: bytes) -> None:
        self._file = file
        self._key = key
        self._state = BreakerState()
        self._row = b""  # that `_state` was read from
        self._at = 0
        self.change(lambda it: it)  # takes a row

    def read(self) -> BreakerState:
        """Implements `BreakerCell`."""
        if self._file.row(self._at) != self._row:
            self._look_again()
        return self._state

    def change(self, step: Step) -> bool:
        """Implements `BreakerCell`. Without the file the change stays here."""
        known, changed = self.read(), False

        def noted(before: BreakerState) -> BreakerState:
            nonlocal changed
            after = step(before)
            changed = after is not before
            return after

        if at := self._file.change(self._key, known, self._row, noted):
            self._at = at
            self._look_again()
        else:
            self._state = noted(known)
        return changed

    def _look_again(self) -> None:
        if _state_of(self._file.row(self._at), self._key) is None:
            self._at = self._file.find(self._key)
        row = self._file.row(self._at)
        if (found := _state_of(row, self._key)) is not None:
            self._row, self._state = row, found


def _open_or_create(path: Path) -> _Mapped:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(path):
        if (found := _open(path)) is None:
            create_whole(path, FILE_BYTES, ((0, _head()),))
            found = _open(path)
    if found is None:
        raise OSError(errno.EIO, "it cannot be read after it was created")
    return found


def _open(path: Path) -> _Mapped | None:
    """Returns `None` if there is no file, or not one of this format and of this start of the
    machine."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    found = os.fstat(fd)
    if found.st_size == FILE_BYTES and os.pread(fd, HEAD.size, 0) == _head():
        return _Mapped(fd, found.st_ino, mmap.mmap(fd, FILE_BYTES, access=mmap.ACCESS_WRITE))
    os.close(fd)
    return None


def _head() -> bytes:
    return HEAD.pack(_MAGIC, ROWS, WAYS, boot_id())


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _set_of(key: bytes) -> int:
    return int.from_bytes(key[:4], "little") % (ROWS // WAYS)


def _places(key: bytes) -> range:
    first = ROWS_AT + _set_of(key) * WAYS * ROW.size
    return range(first, first + WAYS * ROW.size, ROW.size)


def _row_of(key: bytes, state: BreakerState) -> bytes:
    body = ROW.pack(key, *state, 0)[:-_CRC]
    return body + crc32(body).to_bytes(_CRC, "little")


def _state_of(row: bytes, key: bytes) -> BreakerState | None:
    """Returns the state in a row of this target; `None` for another or damaged one."""
    if row[:_KEY] != key or len(row) != ROW.size:
        return None
    _, *fields, crc = ROW.unpack(row)
    if crc32(row[:-_CRC]) != crc or not all(map(math.isfinite, fields)):
        return None
    return BreakerState(*fields)


def _worth(row: bytes) -> float:
    """Returns the time until which a row says something; 0 if it is free."""
    state = _state_of(row, row[:_KEY])
    return max(state.open_until, state.rests_until, 1.0) if state else 0.0
