"""Converts a payload to the text that is stored and searched, and back.

Characters are written as themselves instead of as escapes, so that a search finds them. Long runs
that no person searches for (base64, lists of numbers) are moved out of the text, so that the text
index does not grow with them.
"""

import base64
import re
import zlib
from typing import Final, NamedTuple

from penstock.rules.call import MAX_CONTENT_BYTES

# Length of a run that is moved out.
BLOB_CHARS: Final = 1024
# Pieces of a payload that are searched for such runs; the rest stays in the text.
MAX_PIECES: Final = 100_000
MAX_SOURCE_CHARS: Final = 4 * 1024 * 1024  # of a payload that is kept beside its text

_MARK: Final = "\x1a"  # the place of a blob; JSON never contains this character unescaped
_BLOB: Final = re.compile(r"[!-~]{1024,}|[-+.0-9eE,:\[\]{}\s]{1024,}", re.ASCII)
_ESCAPE: Final = re.compile(
    r"\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|u([0-9a-f]{4})|(.))",
    re.IGNORECASE | re.DOTALL,
)
_FIRST_NON_ASCII: Final = 0x80
_NON_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_ESCAPED: Final = "escaped"
_LOST: Final = "lost"


class StoredText(NamedTuple):
    """A text with a mark for each of `blobs`. Without blobs it is the text itself."""

    text: str
    blobs: list[str]


def readable(payload: bytes) -> str:
    """Returns the text with characters instead of escapes. Its JSON value is that of the payload;
    bytes that are not UTF-8 are replaced."""
    text = payload.decode("utf-8", "replace")
    if "\\" in text and ("\\u" in text or "\\/" in text):
        return _ESCAPE.sub(_character, text)
    return text


def source_of(payload: bytes, text: str) -> str:
    """Returns what `payload_of` needs beside the readable text to return the very bytes: nothing
    if they are equal."""
    if text.encode("utf-8", "replace") == payload:
        return ""
    if _escaped(text) == payload:
        return _ESCAPED
    source = base64.b64encode(zlib.compress(payload, 1)).decode()
    return source if len(source) <= MAX_SOURCE_CHARS else _LOST


def payload_of(text: str, source: str) -> bytes | None:
    """Returns the bytes of a payload; `None` if they are not kept."""
    if source == _LOST:
        return None
    if source == _ESCAPED:
        return _escaped(text)
    if not source:
        return text.encode("utf-8", "replace")
    return zlib.decompressobj().decompress(base64.b64decode(source), MAX_CONTENT_BYTES)


def without_blobs(text: str) -> StoredText:
    """Moves long runs out of a text. A blob is a whole string, or what lies between two strings.
    The text with marks is no longer JSON."""
    if len(text) < BLOB_CHARS:
        return StoredText(text, [])
    pieces = text.split('"', MAX_PIECES)
    blobs: list[str] = []
    for place, piece in enumerate(pieces):
        if len(piece) >= BLOB_CHARS and _BLOB.fullmatch(piece):
            blobs.append(piece)
            pieces[place] = _MARK
    if not blobs or _MARK in text:
        return StoredText(text, [])
    return StoredText('"'.join(pieces), blobs)


def restore(text: str, blobs: list[str]) -> str:
    """Returns the text with its blobs."""
    if not blobs:
        return text
    pieces = text.split(_MARK)
    joined = [part for pair in zip(pieces, blobs, strict=False) for part in pair]
    return "".join([*joined, *pieces[len(blobs) :]])


def _escaped(text: str) -> bytes:
    """Writes characters as Python's `json` does by default: all but ASCII as escapes."""
    return _NON_ASCII.sub(_escape, text).encode("utf-8", "replace")


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "replace")
    return "".join(
        f"\\u{high:02x}{low:02x}" for high, low in zip(units[::2], units[1::2], strict=True)
    )


def _character(escape: re.Match[str]) -> str:
    high, low, single, other = escape.groups()
    if high:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    if single:
        number = int(single, 16)
        is_surrogate = 0xD800 <= number <= 0xDFFF
        return escape[0] if number < _FIRST_NON_ASCII or is_surrogate else chr(number)
    return "/" if other == "/" else escape[0]
