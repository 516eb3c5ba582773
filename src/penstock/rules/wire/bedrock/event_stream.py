"""The binary framing of Amazon's event streams (`application/vnd.amazon.eventstream`).

A message: u32 length | u32 length of headers | u32 CRC of these eight bytes | headers | payload |
u32 CRC of all before it; big endian. Source: smithy.io, "Amazon Event Stream Specification".
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from penstock.kernel.errors import UpstreamFailed

MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024  # one message; real ones have a few hundred bytes

_PRELUDE: Final = struct.Struct(">III")
_CRC: Final = struct.Struct(">I")
_OVERHEAD: Final = _PRELUDE.size + _CRC.size
_STRING: Final = 7
# Header types and the sizes of their values; 6 and 7 have a length of their own.
_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


class EventMessage(NamedTuple):
    """One message: its headers with text values, its payload, and all its bytes."""

    headers: dict[str, str]
    payload: bytes
    raw: bytes


class EventStreamReader:
    """Splits bytes into messages."""

    def __init__(self) -> None:
        self._rest = bytearray()

    @property
    def is_empty(self) -> bool:
        """True if no message has begun."""
        return not self._rest

    @property
    def rest(self) -> bytes:
        """The bytes of a message that is not complete."""
        return bytes(self._rest)

    def feed(self, piece: bytes) -> Iterator[EventMessage]:
        """Yields the messages that are complete. Raises `UpstreamFailed` for damaged ones."""
        self._rest += piece
        at = 0
        try:
            while (end := self._end(at)) is not None:
                yield _read(bytes(self._rest[at:end]))
                at = end
        finally:
            del self._rest[:at]

    def _end(self, at: int) -> int | None:
        """The end of the message at `at`, if it has arrived."""
        if len(self._rest) - at < _PRELUDE.size:
            return None
        length, headers, crc = _PRELUDE.unpack_from(self._rest, at)
        if crc != zlib.crc32(self._rest[at : at + 8]) or headers + _OVERHEAD > length:
            raise _damaged()
        if length > MAX_MESSAGE_BYTES:
            raise UpstreamFailed(
                "The provider sent an event that is too large.", code="upstream_malformed"
            )
        end = at + length
        return end if len(self._rest) >= end else None


def _read(message: bytes) -> EventMessage:
    _, size, _ = _PRELUDE.unpack_from(message)
    (crc,) = _CRC.unpack_from(message, len(message) - _CRC.size)
    if crc != zlib.crc32(message[: -_CRC.size]):
        raise _damaged()
    start = _PRELUDE.size + size
    headers = _read_headers(message[_PRELUDE.size : start])
    return EventMessage(headers, message[start : -_CRC.size], message)


def with_payload(message: bytes, payload: bytes) -> bytes:
    """Returns a message with another payload."""
    _, size, _ = _PRELUDE.unpack_from(message)
    start = struct.pack(">II", size + len(payload) + _OVERHEAD, size)
    head = start + _CRC.pack(zlib.crc32(start))
    whole = head + message[_PRELUDE.size : _PRELUDE.size + size] + payload
    return whole + _CRC.pack(zlib.crc32(whole))


def _read_headers(block: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    at = 0
    try:
        while at < len(block):
            name_end = at + 1 + block[at]
            name, kind = block[at + 1 : name_end].decode(), block[name_end]
            at = name_end + 1
            if kind in _SIZES:
                size = _SIZES[kind]
            else:
                (size,) = struct.unpack_from(">H", block, at)
                at += 2
            if kind == _STRING:
                headers[name] = block[at : at + size].decode()
            at += size
    except (IndexError, struct.error, UnicodeDecodeError):
        raise _damaged() from None
    return headers


def _damaged() -> UpstreamFailed:
    return UpstreamFailed("The provider sent a damaged event.", code="upstream_malformed")
