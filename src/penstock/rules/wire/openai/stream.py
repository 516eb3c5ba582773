"""A chat stream on its way through: which bytes may go out now, and how the stream stands.

Whole events pass byte for byte; the terminal event is held back until the record is written.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Final

import msgspec

from penstock.kernel.errors import PenstockError, UpstreamFailed
from penstock.rules.wire.openai.chunks import Assembly, Chunk, present, read_chunk
from penstock.rules.wire.openai.errors import read_error
from penstock.rules.wire.sse import event_data, event_ends, event_name

MAX_EVENT_BYTES: Final = 4 * 1024 * 1024
DONE: Final = b"data: [DONE]\n\n"


class _Fate(Enum):
    """What becomes of one event."""

    PASS = auto()
    HIDE = auto()
    STOP = auto()  # the terminal event, or one that must not go out


class ChatStream:
    """Feed it the provider's bytes; send what it returns. Look at `done` and `failure` after each.

    `hide_usage`: the caller did not ask for the usage-only chunk. `needs_done`: a stream without
    `[DONE]` is incomplete (some vendors never send it; then finish reasons decide).
    """

    def __init__(self, *, hide_usage: bool, needs_done: bool, capture_limit: int) -> None:
        self._hide_usage = hide_usage
        self._needs_done = needs_done
        self._tail = b""
        self.assembly = Assembly(capture_limit)
        self.size = 0
        self.terminal = b""
        self.done = False
        self.failure: PenstockError | None = None

    def feed(self, piece: bytes) -> bytes:
        """The bytes that may go out now: whole events, exactly as they came."""
        self.size += len(piece)
        buffer = self._tail + piece if self._tail else piece
        out, end = self._sift(buffer, event_ends(buffer, max(0, len(self._tail) - 3)))
        self._tail = buffer[end:] if end < len(buffer) else b""
        if len(self._tail) > MAX_EVENT_BYTES:
            self.failure = UpstreamFailed(
                "The provider sent an event that is too large.", code="upstream_malformed"
            )
        return out

    def close(self) -> None:
        """The provider's body has ended. Sets `done` or `failure`."""
        if self.done or self.failure is not None:
            return
        unterminated = event_data(self._tail + b"\n\n") == b"[DONE]"
        by_reason = not self._needs_done and self.assembly.finished and not self._tail.strip()
        if unterminated or by_reason:
            self.done, self.terminal = True, DONE
        else:
            self.failure = UpstreamFailed(
                "The provider's stream ended before it was complete.", code="upstream_cut"
            )

    def _sift(self, buffer: bytes, ends: Iterable[int]) -> tuple[bytes, int]:
        """What passes of the whole events in `buffer`, and where the last of them ends."""
        passed: list[bytes] = []
        kept = start = 0
        for end in ends:
            event = buffer[start:end]
            fate = self._judge(event)
            if fate is not _Fate.PASS:
                passed.append(buffer[kept:start])
                kept = end
            start = end
            if fate is _Fate.STOP:
                break
        passed.append(buffer[kept:start])
        return b"".join(passed) if len(passed) > 1 else passed[0], start

    def _judge(self, event: bytes) -> _Fate:
        data = event_data(event)
        if data is None:
            return _Fate.PASS
        if data == b"[DONE]":
            cut_short = event.endswith(b"\r\n\r")  # its last LF is still under way
            self.done, self.terminal = True, event + b"\n" if cut_short else event
            return _Fate.STOP
        try:
            chunk = read_chunk(data)
        except (msgspec.DecodeError, RecursionError):
            self.failure = UpstreamFailed(
                "The provider sent a malformed chunk.", code="upstream_malformed"
            )
            return _Fate.STOP
        if present(chunk.error) or event_name(event) == b"error":
            self.failure = _reported(read_error(data))
            return _Fate.STOP
        self.assembly.add(chunk)
        return _Fate.HIDE if self._hide_usage and _usage_only(chunk) else _Fate.PASS


def _usage_only(chunk: Chunk) -> bool:
    return not chunk.choices and present(chunk.usage)


def _reported(message: str) -> UpstreamFailed:
    told = f": {message}" if message else "."
    return UpstreamFailed(
        f"The provider reported an error in the middle of its answer{told}",
        code="upstream_stream_error",
    )
