"""What a record says about the request that an attempt sent, so that the same request can be built
again and compared.

The digest is a checksum, no signature: two CRC-32 and the length. It is recorded only where the
content is, because a checksum reveals what is short.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Final

from penstock.kernel.checksum import crc32

# The version of what builds the requests of providers: `rules/wire` and `plugins/providers`. Raise
# it with each change of a request that they write; `tests/plugins/test_codec_version.py` notices.
CODEC: Final = 2
MAX_HEADER_BYTES: Final = 8192  # of all header lines of one attempt
METHOD: Final = ":method"  # as in HTTP/2; of calls that pass to any path of a provider
PATH: Final = ":path"
CUT: Final = ":cut"  # the only line, if the lines are too long to be recorded

_DIGEST: Final = Struct(">IIQ")


def request_digest(url: str, headers: tuple[str, ...], body: bytes) -> bytes:
    """Returns the digest of a request: its URL, the headers that came from the caller, its body."""
    line = "\n".join((url, *headers)) if headers else url
    head = crc32(line.encode("utf-8", "replace"))
    return _DIGEST.pack(head, crc32(body, head), len(body))


def header_lines(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, ...]:
    """Returns headers as lines for a record; one line that says so if they are too long."""
    lines = tuple(f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in headers)
    return lines if sum(map(len, lines)) <= MAX_HEADER_BYTES else (CUT,)


def read_header_lines(lines: Iterable[str]) -> dict[bytes, bytes]:
    """The inverse of `header_lines`, by name."""
    found: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(": ")
        if colon:
            found[name.encode("latin-1", "replace")] = value.encode("latin-1", "replace")
    return found
