"""Writes the frames of Amazon's event streams (`application/vnd.amazon.eventstream`).

https://smithy.io/2.0/aws/amazon-eventstream.html
"""

import struct
import zlib
from typing import Any, Final

import msgspec

FRAMES: Final = b"application/vnd.amazon.eventstream"
_TEXT: Final = 7  # the type of a header whose value is text


def event(kind: str, members: dict[str, Any]) -> bytes:
    """Returns the frame of an event."""
    names = {
        ":event-type": kind,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return frame(names, msgspec.json.encode(members))


def exception(kind: str, message: str) -> bytes:
    """Returns the frame of an error."""
    names = {
        ":exception-type": kind,
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return frame(names, msgspec.json.encode({"message": message}))


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """Returns one frame: lengths, their checksum, headers, payload, checksum of all."""
    block = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    whole = prelude + block + payload
    return whole + struct.pack(">I", zlib.crc32(whole))


def _header(name: str, value: str) -> bytes:
    named, said = name.encode(), value.encode()
    return bytes([len(named)]) + named + struct.pack(">BH", _TEXT, len(said)) + said
