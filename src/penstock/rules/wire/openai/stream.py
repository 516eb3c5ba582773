"""A chat stream that passes: which bytes may go out now, and the state of the stream.

Whole events pass byte for byte; the terminal event is held until the record is written.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Final

import msgspec

from penstock.kernel.errors import PenstockError, UpstreamFailed
from penstock.rules.answer import AnswerEvent, AnswerFacts
from penstock.rules.redaction import Redaction, leaked
from penstock.rules.sse import event_data, event_ends, event_name
from penstock.rules.wire.openai.chunks import Assembly, Chunk, present, read_chunk
from penstock.rules.wire.openai.errors import read_error
from penstock.rules.wire.openai.events import EventReader

MAX_EVENT_BYTES: Final = 4 * 1024 * 1024  # one event; an image in a delta has about 2 MiB
DONE: Final = b"data: [DONE]\n\n"
_DONE_BYTES: Final = 16  # of `[DONE]` and spaces around it
_PLAIN_BYTES: Final = 8  # of a plain event beside its data: `data: `, LF, LF
_EDGE: Final = 3  # bytes of the tail in which the end of an event can start


class _Action(Enum):
    """The decision about one event."""

    PASS = auto()
    HIDE = auto()
    STOP = auto()  # the terminal event, or one that must not go out


class ChatStream:
    """Feed it the provider's bytes and send what it returns. Check `done` and `failure` after each.

    `hide_usage`: the caller did not ask for the usage-only chunk. `needs_done`: a stream without
    `[DONE]` is incomplete (some vendors never send it; then finish reasons decide). `redaction`
    finds our credential in everything except chunks with choices.
    """

    def __init__(
        self,
        *,
        hide_usage: bool,
        needs_done: bool,
        capture_limit: int,
        redaction: Redaction,
        translated: bool = False,
    ) -> None:
        self._hide_usage = hide_usage
        self._needs_done = needs_done
        self._redaction = redaction
        self._tail = bytearray()  # the start of an incomplete event
        self._reader = EventReader() if translated else None
        self._events: list[AnswerEvent] = []
        self.assembly = Assembly(capture_limit)
        self.size = 0
        self.terminal = b""
        self.done = False
        self.failure: PenstockError | None = None

    def feed(self, piece: bytes) -> bytes:
        """Returns the bytes that may go out now: whole events, unchanged."""
        self.size += len(piece)
        tail = self._tail
        if tail and not _ends_event(bytes(tail[-_EDGE:]) + piece):
            tail += piece  # in place: many small pieces of one event must not cost quadratic time
            self._limit_tail()
            return b""
        start = max(0, len(tail) - _EDGE)
        buffer = bytes(tail) + piece if tail else piece
        out, end = self._filter(buffer, event_ends(buffer, start))
        if tail:
            tail.clear()
        if end < len(buffer):
            tail += buffer[end:]
            self._limit_tail()
        return out

    @property
    def delta_count(self) -> int:
        """The deltas with generated content so far."""
        return self.assembly.delta_count

    @property
    def facts(self) -> AnswerFacts:
        """The facts of the answer so far."""
        return self.assembly.facts

    def document(self) -> bytes:
        """The answer so far in the shape of a whole one."""
        return self.assembly.document()

    def take_events(self) -> list[AnswerEvent]:
        """The neutral events since the last call, of a stream that is translated."""
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """Notes the end of the provider's body. Sets `done` or `failure`."""
        if self.done or self.failure is not None:
            return
        rest = bytes(self._tail)
        by_reason = not self._needs_done and self.assembly.finished and not rest.strip()
        if _is_done(event_data(rest + b"\n\n")) or by_reason:
            self.done, self.terminal = True, DONE
        else:
            self.failure = UpstreamFailed(
                "The provider's stream ended before it was complete.", code="upstream_cut"
            )

    def _limit_tail(self) -> None:
        if len(self._tail) > MAX_EVENT_BYTES:
            self._tail.clear()
            self.failure = self.failure or _malformed(
                "The provider sent an event that is too large."
            )

    def _filter(self, buffer: bytes, ends: Iterable[int]) -> tuple[bytes, int]:
        """Returns the events of `buffer` that pass, and the end of the last whole event."""
        passed: list[bytes] = []
        kept = start = 0
        for end in ends:
            event = buffer[start:end]
            action = self._decide(event)
            if action is not _Action.PASS:
                passed.append(buffer[kept:start])
                kept = end
            start = end
            if action is _Action.STOP:
                break
        passed.append(buffer[kept:start])
        return b"".join(passed) if len(passed) > 1 else passed[0], start

    def _decide(self, event: bytes) -> _Action:
        data = event_data(event)
        if data is None:  # a comment, a ping
            return self._unless_leaking(event)
        if not data or data.isspace():  # no event by the standard; official clients fail on it
            return _Action.HIDE
        if len(data) <= _DONE_BYTES and _is_done(data):
            cut_short = event.endswith(b"\r\n\r")  # its last LF has not arrived yet
            self.done, self.terminal = True, event + b"\n" if cut_short else event
            return self._unless_leaking(event, _Action.STOP)
        try:
            chunk = read_chunk(data)
        except msgspec.DecodeError:
            self.failure = _malformed("The provider sent a malformed chunk.")
            return _Action.STOP
        if present(chunk.error) or chunk.object == "error" or event_name(event) == b"error":
            self.failure = _reported(read_error(data, self._redaction).message)
            return _Action.STOP
        content = chunk.choices and len(event) - len(data) <= _PLAIN_BYTES
        if not content and self._unless_leaking(event) is _Action.STOP:
            return _Action.STOP
        self.assembly.add(chunk)
        if self._reader is not None:
            self._events += self._reader.read(chunk)
        return _Action.HIDE if self._hide_usage and _usage_only(chunk) else _Action.PASS

    def _unless_leaking(self, event: bytes, action: _Action = _Action.PASS) -> _Action:
        """Returns `action`, or stops the stream if our credential is in `event`."""
        if not self._redaction.found_in(event):
            return action
        self.done, self.terminal = False, b""
        self.failure = leaked()
        return _Action.STOP


def _ends_event(text: bytes) -> bool:
    return next(iter(event_ends(text)), None) is not None


def _is_done(data: bytes | None) -> bool:
    return data is not None and data.strip() == b"[DONE]"


def _usage_only(chunk: Chunk) -> bool:
    return not chunk.choices and present(chunk.usage)


def _malformed(message: str) -> UpstreamFailed:
    return UpstreamFailed(message, code="upstream_malformed")


def _reported(message: str) -> UpstreamFailed:
    detail = f": {message}" if message else "."
    return UpstreamFailed(
        f"The provider reported an error during its answer{detail}",
        code="upstream_stream_error",
    )
