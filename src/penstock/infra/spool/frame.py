"""Frames: the encoding of a record in a segment, and the scan that continues after damage.

`u32 length | u32 crc32 | u8 schema | u8 kind | 8-byte marker | payload`, little endian; `length`
counts marker and payload; the CRC covers everything after it. The marker is random and the same in
all frames of a writer, so that a caller cannot plant a frame inside a payload. Frames of schema 1
have no marker. Payloads are not interpreted here.
"""

import re
import struct
from collections.abc import Iterator
from enum import IntEnum
from mmap import mmap
from typing import Final, NamedTuple

from penstock.kernel.checksum import crc32
from penstock.rules.call import SCHEMA

MAX_PAYLOAD: Final = 64 * 1024 * 1024
MARKER_SIZE: Final = 8
NO_MARKER: Final = bytes(MARKER_SIZE)  # for frames outside of a segment

_HEADER: Final = struct.Struct("<IIBB")
_SCHEMA_AND_KIND: Final = struct.Struct("<BB")
HEADER_SIZE: Final = _HEADER.size + MARKER_SIZE
_MARKED: Final = struct.Struct(f"{_HEADER.format}{MARKER_SIZE}s")

Bytes = bytes | mmap


class Kind(IntEnum):
    """The kinds of records that this version knows. A newer version may write others."""

    BEGIN = 1
    END = 2
    CUT = 3


class Frame(NamedTuple):
    """A whole record: its payload, and the range of its frame. `kind` is a `Kind` if this version
    knows it."""

    kind: int
    schema: int
    payload: bytes
    start: int
    end: int


class Damage(NamedTuple):
    """A range without a record. `torn`: it is only a last write that was cut short."""

    start: int
    end: int
    torn: bool


_KINDS: Final = {int(kind): kind for kind in Kind}
# Frames of schema 1 are found by their schema and kind. A caller can plant these: see decision 19.
_OLD_FRAME: Final = re.compile(rb"(?=\x01[\x01-\x03])")


class FrameEncoder:
    """Encodes frames with one marker."""

    def __init__(self, marker: bytes) -> None:
        self.marker = marker
        self._crcs = {kind: crc32(bytes((SCHEMA, kind)) + marker) for kind in Kind}

    def header(self, kind: Kind, payload: bytes) -> bytes:
        """Returns the 18 bytes that precede `payload`."""
        crc = crc32(payload, self._crcs[kind])
        return _MARKED.pack(MARKER_SIZE + len(payload), crc, SCHEMA, kind, self.marker)

    def encode(self, kind: Kind, payload: bytes = b"") -> bytes:
        """Returns a whole frame."""
        return self.header(kind, payload) + payload


def encode(kind: Kind, payload: bytes = b"", marker: bytes = NO_MARKER) -> bytes:
    """Returns a whole frame."""
    return FrameEncoder(marker).encode(kind, payload)


def marker_at_start(data: Bytes) -> bytes | None:
    """Returns the marker of the first frame of a segment or batch: empty for schema 1, `None` if
    there is no whole frame. Only the writer controls the bytes there."""
    if len(data) < HEADER_SIZE:
        return b"" if _frame_at(data, 0, b"") else None
    marker = bytes(data[_HEADER.size : HEADER_SIZE])
    return next((one for one in (marker, b"") if _frame_at(data, 0, one)), None)


def scan(data: Bytes, marker: bytes | None = None) -> Iterator[Frame | Damage]:
    """Yields every whole record in order, and every range between them as damage. A record of
    an unknown kind or a newer schema is whole too; only bytes without a valid frame are damage.

    The results cover `data` without gap or overlap. All frames must have `marker` (empty: none,
    schema 1). `None` means the marker of the first frame; if that frame is damaged, the rest is
    damage too.
    """
    if marker is None:
        marker = marker_at_start(data)
    position, size = 0, len(data)
    while position < size:
        frame = None if marker is None else _frame_at(data, position, marker)
        if frame is None:
            end = size if marker is None else _next_frame(data, position + 1, marker)
            yield Damage(position, end, torn=end == size and _is_torn(data, position))
            position = end
        else:
            yield frame
            position = frame.end


def _frame_at(data: Bytes, start: int, marker: bytes) -> Frame | None:
    body = start + _HEADER.size
    if body > len(data):
        return None
    length, crc, schema, kind = _HEADER.unpack_from(data, start)
    end, payload = body + length, body + len(marker)
    if not _is_record(schema, kind, marker) or not _fits(length, marker):
        return None
    if end > len(data) or data[body:payload] != marker:
        return None
    content = data[payload:end]  # the only copy
    if crc32(content, crc32(_SCHEMA_AND_KIND.pack(schema, kind) + marker)) != crc:
        return None
    return Frame(_kind_of(kind), schema, content, start, end)


def _kind_of(number: int) -> int:
    return _KINDS.get(number, number)


def _is_record(schema: int, kind: int, marker: bytes) -> bool:
    """Schema 1 has no marker and no other kinds; later versions may add both kinds and schemas."""
    return schema > 1 if marker else schema == 1 and kind in _KINDS


def _fits(length: int, marker: bytes) -> bool:
    return len(marker) <= length <= MAX_PAYLOAD + len(marker)


def _next_frame(data: Bytes, start: int, marker: bytes) -> int:
    places = _places_of(data, start, marker) if marker else _old_places(data, start)
    return next((at for at in places if _frame_at(data, at, marker) is not None), len(data))


def _places_of(data: Bytes, start: int, marker: bytes) -> Iterator[int]:
    found = data.find(marker, start + _HEADER.size)
    while found >= 0:
        yield found - _HEADER.size
        found = data.find(marker, found + 1)


def _old_places(data: Bytes, start: int) -> Iterator[int]:
    for found in _OLD_FRAME.finditer(data, start + _HEADER.size - 2):
        yield found.start() - _HEADER.size + 2


def _is_torn(data: Bytes, start: int) -> bool:
    """Returns whether the range up to the end is a write that was cut short: an incomplete header
    or payload, or (after a power cut, on some file systems) only zeros."""
    body = start + _HEADER.size
    if body > len(data):
        return True
    length, _, schema, kind = _HEADER.unpack_from(data, start)
    if kind and schema and length <= MAX_PAYLOAD + MARKER_SIZE and body + length > len(data):
        return True
    return not bytes(data[start:]).strip(b"\0")
