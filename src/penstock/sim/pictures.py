"""Makes PNG images of one color, and bytes that cannot be compressed."""

import hashlib
import struct
import zlib
from typing import Final

_SIDE: Final = 16  # pixels


def png(key: bytes, extra_bytes: int = 0) -> bytes:
    """Returns a valid image whose color is that of `key`, with `extra_bytes` that show nothing."""
    row = b"\0" + key[:3] * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(row * _SIDE)), (b"IEND", b"")]
    if extra_bytes:
        chunks.insert(1, (b"noIs", noise(key, extra_bytes)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in chunks)


def noise(key: bytes, size: int) -> bytes:
    """Returns random bytes that follow from `key`."""
    return hashlib.shake_128(key).digest(size)


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
