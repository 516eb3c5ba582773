"""One open segment. A failed write leaves the file as it was."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from penstock.infra.spool.files import SegmentName
from penstock.infra.spool.frame import HEADER_SIZE, FrameEncoder, Kind


class Segment:
    """An append-only file. `size` counts whole records only; a `broken` one accepts no more."""

    def __init__(self, name: SegmentName, encoder: FrameEncoder, fd: int, size: int) -> None:
        self.name = name
        self.size = size
        self.broken = False
        self._fd = fd
        self._encoder = encoder

    @classmethod
    def create(
        cls, directory: Path, name: SegmentName, encoder: FrameEncoder, head: Iterable[bytes]
    ) -> "Segment":
        """Creates a segment that starts with a BEGIN for each payload of `head`.

        The file gets its name when these are written, so that no reader sees a part of them.
        """
        path = name.path(directory)
        draft = path.with_suffix(".draft")
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            data = b"".join(encoder.encode(Kind.BEGIN, payload) for payload in head)
            _write_whole(fd, data)
            draft.rename(path)
        except OSError:
            os.close(fd)
            draft.unlink(missing_ok=True)
            raise
        return cls(name, encoder, fd, len(data))

    def append(self, kind: Kind, payload: bytes = b"") -> None:
        """Writes one record. After the return it survives the death of this process.

        Raises `OSError` if the disk is full or fails; the segment is then unchanged.
        """
        if self.broken:
            raise OSError(errno.EIO, "the segment accepts no more records")
        size = HEADER_SIZE + len(payload)
        if os.writev(self._fd, (self._encoder.header(kind, payload), payload)) != size:
            self._undo()
        self.size += size

    def _undo(self) -> None:
        try:
            os.ftruncate(self._fd, self.size)
        except OSError:
            self.broken = True  # a part of a record is at its end; a reader reports a torn tail
            raise
        raise OSError(errno.ENOSPC, "the disk accepted only a part of the record")

    def sync(self) -> int:
        """Makes the written records durable. Returns their size."""
        size = self.size
        os.fdatasync(self._fd)
        return size

    def close(self) -> None:
        """Closes the file."""
        os.close(self._fd)


def _write_whole(fd: int, data: bytes) -> None:
    if data and os.write(fd, data) != len(data):
        raise OSError(errno.ENOSPC, "the disk accepted only a part of the segment's first records")
