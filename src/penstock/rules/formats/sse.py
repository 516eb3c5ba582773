"""Server-sent events (WHATWG HTML, section 9.2): the ends of events, and their data.

Works on bytes and never decodes them, so a split inside a UTF-8 character does no harm.
"""

import re
from collections.abc import Iterator
from typing import Final

# A line end is CRLF, LF or CR; two in a row end an event. Atomic, so that the two halves of one
# CRLF never count as two line ends.
_BLANK_LINE: Final = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_BOM: Final = b"\xef\xbb\xbf"


def event_ends(buffer: bytes, start: int = 0) -> Iterator[int]:
    """Yields the end offset of each complete event of `buffer`, searching from `start`.

    A CR at the very end counts as a line end; an LF that follows later is one more empty line,
    which has no effect.
    """
    if b"\r" in buffer:
        for match in _BLANK_LINE.finditer(buffer, start):
            yield match.end()
        return
    at = buffer.find(b"\n\n", start)
    while at >= 0:
        yield at + 2
        at = buffer.find(b"\n\n", at + 2)


def event_data(event: bytes) -> bytes | None:
    """Returns the data of one event, its lines joined by LF; `None` without data (a comment)."""
    one_line = event.find(b"\n") == len(event) - 2 and b"\r" not in event
    if one_line and event.startswith(b"data: "):
        return event[6:-2]
    lines = [
        line[6:] if line.startswith(b"data: ") else line[5:]
        for line in event.removeprefix(_BOM).splitlines()
        if line.startswith(b"data:")
    ]
    return b"\n".join(lines) if lines else None


def event_name(event: bytes) -> bytes:
    """Returns the `event:` field of one event, empty if it has none."""
    if b"event:" not in event:
        return b""
    for line in event.removeprefix(_BOM).splitlines():
        if line.startswith(b"event:"):
            return line[6:].strip()
    return b""
