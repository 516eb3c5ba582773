"""What a record says about the request that an attempt sent, so that the same request can be built
again and compared.

The digest is a checksum, no signature: an AES-GMAC with a fixed key. It takes 0.5 µs for a small
body and 2 µs for 36 kB, where SHA-256 takes 0.5 and 20 µs. It is recorded only where the content
is, because a checksum reveals what is short.
"""

from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# The version of what builds the requests of providers: `rules/wire` and `plugins/providers`. Raise
# it with each change of a request that they write; `tests/plugins/test_codec_version.py` notices.
CODEC: Final = 1
MAX_HEADER_BYTES: Final = 8192  # of all header lines of one attempt
METHOD: Final = ":method"  # as in HTTP/2; of calls that pass to any path of a provider
PATH: Final = ":path"
CUT: Final = ":cut"  # the only line, if the lines are too long to be recorded

_DIGEST_BYTES: Final = 16  # the length of the checksum; what comes before it is not kept
_NONCE: Final = bytes(12)
_checksum: Final = AESGCM(bytes(16))


def request_digest(url: str, headers: tuple[str, ...], body: bytes) -> bytes:
    """Returns the digest of a request: its URL, the headers that came from the caller, its body."""
    line = "\n".join((url, *headers)) if headers else url
    return _checksum.encrypt(_NONCE, line.encode("utf-8", "replace"), body)[-_DIGEST_BYTES:]


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
