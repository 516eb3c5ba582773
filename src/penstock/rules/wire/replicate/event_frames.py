"""Writes the events of Replicate's streams as JSON: theirs are plain text.

So guardrails find the texts of all events as one text, like those of every other format.
"""

from typing import Any, Final, cast

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.formats.json_text import decode_json
from penstock.rules.formats.sse import event_data, event_ends, event_name

MAX_FRAME_BYTES: Final = 256 * 1024  # one event: a piece of text, or an error
_JSON_KINDS: Final = frozenset((b"done", b"error"))
_SHOWN: Final = frozenset((b"output", *_JSON_KINDS))  # others are logs
_any: Final = msgspec.json.Decoder()


class EventFrames:
    """One stream. Feed it the bytes as received."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> bytes:
        """Returns the whole events. Raises `UpstreamFailed` for one that is too large."""
        buffer = self._rest + piece
        out: list[bytes] = []
        start = 0
        for end in event_ends(buffer):
            out.append(_written(buffer[start:end]))
            start = end
        self._rest = buffer[start:]
        if len(self._rest) > MAX_FRAME_BYTES:
            raise UpstreamFailed(
                "The provider sent an event that is too large.", code="upstream_malformed"
            )
        return b"".join(out)


def _written(event: bytes) -> bytes:
    name, data = event_name(event), event_data(event)
    if data is None or name not in _SHOWN:
        return b""
    content = _members(name, data)
    return b"event: %b\ndata: %b\n\n" % (name, msgspec.json.encode(content))


def _members(name: bytes, data: bytes) -> dict[str, Any]:
    text = data.decode("utf-8", "replace")
    if name not in _JSON_KINDS:
        return {"text": text}
    try:
        found = decode_json(_any, data)
    except msgspec.DecodeError:
        found = text
    if isinstance(found, dict):
        return cast("dict[str, Any]", found)
    return {"error": text} if name == b"error" else {}
