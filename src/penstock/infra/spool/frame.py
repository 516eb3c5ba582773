"""Frames: how one record lies in a segment, and how to read on behind damage.

`u32 length | u32 crc32 | u8 schema | u8 kind | payload`, little endian; `length` counts the
payload, the CRC covers schema, kind and payload. What a payload means is not known here.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from enum import IntEnum
from mmap import mmap
from typing import Final, NamedTuple

SCHEMA: Final = 1
MAX_PAYLOAD: Final = 64 * 1024 * 1024

_HEADER: Final = struct.Struct("<IIBB")
HEADER_SIZE: Final = _HEADER.size

Bytes = bytes | memoryview | mmap


class Kind(IntEnum):
    """What a record is."""

    BEGIN = 1
    END = 2
    CUT = 3


class Frame(NamedTuple):
    """A whole record: its payload and where the frame lies."""

    kind: Kind
    schema: int
    payload: bytes
    start: int
    end: int


class Damage(NamedTuple):
    """A stretch that is no record. `torn`: only a last write that was cut short."""

    start: int
    end: int
    torn: bool


_KINDS: Final = {int(kind): kind for kind in Kind}
_CRC_OF_HEAD: Final = {kind: zlib.crc32(bytes((SCHEMA, kind))) for kind in Kind}
# Schema and kind are control characters, which cannot stand raw inside JSON: what a caller sent
# is never taken for a frame while looking for the next one behind damage.
_SCHEMA_AND_KIND: Final = re.compile(rb"(?=[\x01-\x0f][\x01-\x03])")


def header(kind: Kind, payload: bytes) -> bytes:
    """The ten bytes that go before `payload`."""
    crc = zlib.crc32(payload, _CRC_OF_HEAD[kind])
    return _HEADER.pack(len(payload), crc, SCHEMA, kind)


def encode(kind: Kind, payload: bytes = b"") -> bytes:
    """A whole frame."""
    return header(kind, payload) + payload


def scan(data: Bytes) -> Iterator[Frame | Damage]:
    """Every whole record in order, and every stretch between them that is none.

    The stretches cover `data` without gap or overlap.
    """
    position, size = 0, len(data)
    while position < size:
        frame = _frame_at(data, position)
        if frame is None:
            end = _next_frame(data, position + 1)
            yield Damage(position, end, torn=end == size and _is_torn(data, position))
            position = end
        else:
            yield frame
            position = frame.end


def _frame_at(data: Bytes, start: int) -> Frame | None:
    body = start + HEADER_SIZE
    if body > len(data):
        return None
    length, crc, schema, kind = _HEADER.unpack_from(data, start)
    end = body + length
    if kind not in _KINDS or not schema or length > MAX_PAYLOAD or end > len(data):
        return None
    payload = bytes(data[body:end])
    if zlib.crc32(payload, zlib.crc32(bytes((schema, kind)))) != crc:
        return None
    return Frame(_KINDS[kind], schema, payload, start, end)


def _next_frame(data: Bytes, start: int) -> int:
    for found in _SCHEMA_AND_KIND.finditer(data, start + HEADER_SIZE - 2):
        candidate = found.start() - HEADER_SIZE + 2
        if _frame_at(data, candidate) is not None:
            return candidate
    return len(data)


def _is_torn(data: Bytes, start: int) -> bool:
    """Whether the stretch up to the end looks like a write that was cut short: a header or a
    payload without its rest, or (after a power cut, on some file systems) nothing but zeros."""
    body = start + HEADER_SIZE
    if body > len(data):
        return True
    length, _, schema, kind = _HEADER.unpack_from(data, start)
    if kind in _KINDS and schema and length <= MAX_PAYLOAD and body + length > len(data):
        return True
    return not bytes(data[start:]).strip(b"\0")
