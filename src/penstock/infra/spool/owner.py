"""Who owns a writer's segments, and how far its records are stored.

One lock per writer, not per segment: its segments change hands together. The kernel lets go of
the lock when the owner dies, however it dies; it is not inherited by programs the owner starts.
"""

import contextlib
import fcntl
import os
import struct
import zlib
from pathlib import Path
from typing import Final, NamedTuple, Self

from penstock.infra.spool.files import owner_path, sync_directory
from penstock.infra.spool.frame import MARKER_SIZE

_CHECKPOINT: Final = struct.Struct("<QQI")
_MARKER: Final = struct.Struct(f"<{MARKER_SIZE}sI")


class SpoolCheckpoint(NamedTuple):
    """Everything of this writer before this place is stored."""

    sequence: int = 0
    offset: int = 0


class Owner:
    """A held lock on the writer's owner file, with the checkpoint and the frame marker."""

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd

    @classmethod
    def take(cls, directory: Path, writer: str) -> Self | None:
        """Becomes the owner of a dead writer; `None` while its owner lives."""
        try:
            return cls._lock(directory, writer, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None

    @classmethod
    def wait_for(cls, directory: Path, writer: str) -> Self:
        """Becomes the owner of a new writer. An adopter that was quicker than its owner finds
        nothing there and lets go at once."""
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
        """How far everything is stored; the start if nobody said so or it cannot be read."""
        return read_checkpoint(os.pread(self._fd, _CHECKPOINT.size, 0))

    def acknowledge(self, checkpoint: SpoolCheckpoint) -> None:
        """Says that everything before `checkpoint` is stored.

        A lost checkpoint (full disk, power cut) costs a second shipment under the same names,
        never a record: so a failure here is none.
        """
        with contextlib.suppress(OSError):
            os.pwrite(self._fd, _CHECKPOINT.pack(*checkpoint, _checksum(*checkpoint)), 0)

    def keep_marker(self, marker: bytes) -> None:
        """Keeps the marker of the writer's frames, durably: before the first of them is written."""
        os.pwrite(self._fd, _MARKER.pack(marker, zlib.crc32(marker)), _CHECKPOINT.size)
        os.fsync(self._fd)
        sync_directory(self._path.parent)

    def marker(self) -> bytes | None:
        """The kept marker; `None` if there is none (schema 1) or it cannot be read."""
        content = os.pread(self._fd, _MARKER.size, _CHECKPOINT.size)
        if len(content) < _MARKER.size:
            return None
        marker, crc = _MARKER.unpack(content)
        return marker if crc == zlib.crc32(marker) else None

    def release(self) -> None:
        """Lets go; whoever comes next may take over."""
        os.close(self._fd)

    def retire(self) -> None:
        """Nothing of this writer is left: its file goes. The lock is still to be released."""
        self._path.unlink(missing_ok=True)


def read_checkpoint(content: bytes) -> SpoolCheckpoint:
    """The checkpoint in an owner file."""
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
    return zlib.crc32(_CHECKPOINT.pack(sequence, offset, 0))
