"""The ownership of a writer's segments, and how far its records are stored.

One lock per writer, not per segment: its segments change owner together. The kernel releases the
lock when the owner dies, however it dies. Programs that the owner starts do not inherit it.
"""

import contextlib
import fcntl
import os
import struct
from pathlib import Path
from typing import Final, NamedTuple, Self

from penstock.infra.spool.files import owner_path, sync_directory
from penstock.infra.spool.frame import MARKER_SIZE
from penstock.kernel.checksum import crc32

_CHECKPOINT: Final = struct.Struct("<QQI")
_MARKER: Final = struct.Struct(f"<{MARKER_SIZE}sI")


class SpoolCheckpoint(NamedTuple):
    """All records of this writer before this position are stored."""

    sequence: int = 0
    offset: int = 0


class Owner:
    """A held lock on the writer's owner file, with the checkpoint and the frame marker."""

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd

    @classmethod
    def take(cls, directory: Path, writer: str) -> Self | None:
        """Acquires the ownership of a dead writer. Returns `None` while its owner is alive."""
        try:
            return cls._lock(directory, writer, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None

    @classmethod
    def wait_for(cls, directory: Path, writer: str) -> Self:
        """Acquires the ownership of a new writer. An adopter that was faster finds no segment and
        releases the lock at once."""
        return cls._lock(directory, writer, fcntl.LOCK_EX)

    @classmethod
    def _lock(cls, directory: Path, writer: str, how: int) -> Self:
        path = owner_path(directory, writer)
        while True:
            fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(fd, how)
            except BlockingIOError:
                os.close(fd)
                raise
            if _still_named(path, fd):
                return cls(path, fd)
            os.close(fd)  # its last owner retired it between our open and our lock

    def checkpoint(self) -> SpoolCheckpoint:
        """Returns the checkpoint; the start if none was written or it cannot be read."""
        return read_checkpoint(os.pread(self._fd, _CHECKPOINT.size, 0))

    def acknowledge(self, checkpoint: SpoolCheckpoint) -> None:
        """Records that all before `checkpoint` is stored.

        Ignores errors: a lost checkpoint (full disk, power cut) costs a second shipment under the
        same names, never a record.
        """
        with contextlib.suppress(OSError):
            os.pwrite(self._fd, _CHECKPOINT.pack(*checkpoint, _checksum(*checkpoint)), 0)

    def save_marker(self, marker: bytes) -> None:
        """Saves the frame marker durably. Call before the first frame is written."""
        os.pwrite(self._fd, _MARKER.pack(marker, crc32(marker)), _CHECKPOINT.size)
        os.fsync(self._fd)
        sync_directory(self._path.parent)

    def marker(self) -> bytes | None:
        """Returns the saved marker; `None` if there is none (schema 1) or it cannot be read."""
        content = os.pread(self._fd, _MARKER.size, _CHECKPOINT.size)
        if len(content) < _MARKER.size:
            return None
        marker, crc = _MARKER.unpack(content)
        return marker if crc == crc32(marker) else None

    def release(self) -> None:
        """Releases the lock; another process may acquire it."""
        os.close(self._fd)

    def retire(self) -> None:
        """Deletes the owner file, when no other file of the writer is left. Does not release."""
        self._path.unlink(missing_ok=True)


def read_checkpoint(content: bytes) -> SpoolCheckpoint:
    """Decodes the checkpoint in the content of an owner file."""
    if len(content) < _CHECKPOINT.size:
        return SpoolCheckpoint()
    sequence, offset, crc = _CHECKPOINT.unpack_from(content)
    return (
        SpoolCheckpoint(sequence, offset)
        if crc == _checksum(sequence, offset)
        else SpoolCheckpoint()
    )


def _still_named(path: Path, fd: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(fd).st_ino
    except FileNotFoundError:
        return False


def _checksum(sequence: int, offset: int) -> int:
    return crc32(_CHECKPOINT.pack(sequence, offset, 0))
