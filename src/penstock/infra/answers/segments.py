"""Segments: files to which one worker appends answers of one project that expire at nearly the same
time, and which are deleted as a whole. The name of a file says when: `<deadline>-<number>`.
"""

import os
from contextlib import suppress
from errno import ENOSPC
from pathlib import Path
from struct import Struct
from typing import Final

from penstock.infra.answers.index import Spot
from penstock.kernel.checksum import crc32

MAX_OPEN: Final = 64  # segments that a worker has open
LOOKS_EVERY_S: Final = 1.0  # whether its segment was deleted; answers in between are lost then
_HEAD: Final = Struct("<IH")  # CRC of place and content, bytes of the place
_MAX_DIGITS: Final = 10  # of a Unix second
_STEPS: Final = 3  # a deadline is at most an eighth to a quarter of the time later than asked for


class _Segment:
    """An open segment of this worker."""

    def __init__(self, fd: int, number: int, now_s: float) -> None:
        self.fd = fd
        self.number = number
        self.size = 0
        self.looked_s = now_s  # when it was not deleted


class Segments:
    """The segments in a folder. One has at most `max_bytes`, or one answer."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._open: dict[tuple[str, int], _Segment] = {}

    def append(self, place: str, content: bytes, expires_s: float, now_s: float) -> Spot:
        """Writes an answer. Raises `OSError`; then it is not kept."""
        name = place.encode()
        record = _HEAD.pack(crc32(content, crc32(name)), len(name)) + name
        size = len(record) + len(content)
        key = place.partition("/")[0], _deadline(expires_s, now_s)
        segment = self._open.get(key)
        if segment is None or not self._takes(segment, size, now_s):
            segment = self._begin(key, now_s)
        offset = segment.size
        try:
            written = os.writev(segment.fd, (record, content))
            if written < size:
                raise OSError(ENOSPC, os.strerror(ENOSPC))
        except OSError:
            self._end(key)
            raise
        segment.size += size
        return Spot(key[1], segment.number, offset, size)

    def read(self, place: str, spot: Spot) -> bytes | None:
        """Returns the content of an answer; `None` if it is not there. Raises `OSError` if the
        segment is gone."""
        path = _path(self._folder, (place.partition("/")[0], spot.deadline), spot.segment)
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.pread(fd, spot.size, spot.offset)
        finally:
            os.close(fd)
        if len(data) < max(spot.size, _HEAD.size):
            return None
        crc, length = _HEAD.unpack_from(data)
        if crc32(memoryview(data)[_HEAD.size :]) != crc:
            return None
        content_at = _HEAD.size + length
        return data[content_at:] if data[_HEAD.size : content_at] == place.encode() else None

    def close(self) -> None:
        """Closes the open segments."""
        for key in tuple(self._open):
            self._end(key)

    def _takes(self, segment: _Segment, size: int, now_s: float) -> bool:
        """Returns whether a segment has space, and is not deleted."""
        if segment.size + size > self._max_bytes:
            return False
        if 0 <= now_s - segment.looked_s < LOOKS_EVERY_S:
            return True
        segment.looked_s = now_s
        return os.fstat(segment.fd).st_nlink > 0

    def _begin(self, key: tuple[str, int], now_s: float) -> _Segment:
        """Begins a segment. Closes those that are over."""
        self._end(key)
        for other in [each for each in self._open if each[1] <= now_s]:
            self._end(other)
        if len(self._open) >= MAX_OPEN:
            self._end(next(iter(self._open)))
        number = int.from_bytes(os.urandom(4), "little")
        path = _path(self._folder, key, number)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        try:
            fd = os.open(path, flags, 0o600)
        except FileNotFoundError:  # the first answer of the project
            (self._folder / key[0]).mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(path, flags, 0o600)
        segment = self._open[key] = _Segment(fd, number, now_s)
        return segment

    def _end(self, key: tuple[str, int]) -> None:
        if (segment := self._open.pop(key, None)) is not None:
            with suppress(OSError):
                os.close(segment.fd)


def deadline_of(path: Path) -> int:
    """Returns the Unix second at which all answers of a segment have expired; 0 if the file is
    none."""
    text = path.name.partition("-")[0]
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else 0


def _deadline(expires_s: float, now_s: float) -> int:
    """Returns the end of the span of time in which an answer expires. Spans are shorter than a
    quarter of the time until then, so that few segments are open, and no answer keeps the space of
    another one for long."""
    step = 1 << (int(expires_s - now_s) >> _STEPS).bit_length()
    return (int(expires_s) | step - 1) + 1


def _path(folder: Path, key: tuple[str, int], number: int) -> str:
    return f"{folder}/{key[0]}/{key[1]}-{number:08x}"
