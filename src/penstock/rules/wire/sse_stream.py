"""A stream of server-sent events that passes: which bytes may go out now, and its state.

Whole events pass byte for byte; the terminal event is held until the record is written. A dialect
decides about each event: by a subclass of `SseStream`, or as an `EventReader` of `NeutralStream`,
whose record is made of the neutral events.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from typing import Final, Protocol

import msgspec

from penstock.kernel.errors import PenstockError, UpstreamFailed
from penstock.rules.formats.json_text import decode_json
from penstock.rules.formats.sse import event_data, event_ends, event_name
from penstock.rules.neutral.answer import (
    AnswerEvent,
    AnswerFacts,
    ChoiceFinished,
    UsageReported,
    WholeAnswer,
)
from penstock.rules.neutral.collector import AnswerCollector, is_delta
from penstock.rules.redaction import Redaction, leaked
from penstock.rules.wire.provider_errors import read_error

MAX_EVENT_BYTES: Final = 4 * 1024 * 1024  # one event; an image in a delta has about 2 MiB
_ENDINGS: Final = (ChoiceFinished, UsageReported)
_any: Final = msgspec.json.Decoder()
_EDGE: Final = 3  # bytes of the tail in which the end of an event can start


class EventAction(Enum):
    """The decision about one event."""

    PASS = auto()
    HIDE = auto()
    HOLD = auto()  # until the next event: it may be the last one
    STOP = auto()  # the terminal event, or one that must not go out


class SseStream:
    """Feed it the provider's bytes and send what it returns. Check `done` and `failure` after each.

    `redaction` finds our credential; a subclass decides in which events.
    """

    max_event_bytes = MAX_EVENT_BYTES

    def __init__(self, redaction: Redaction) -> None:
        self.redaction = redaction
        self._tail = bytearray()  # the start of an incomplete event
        self._held = b""
        self._events: list[AnswerEvent] = []
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

    def take_events(self) -> list[AnswerEvent]:
        """The neutral events since the last call, of a stream that is translated."""
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """Notes the end of the provider's body. Sets `done` or `failure`."""
        if self.done or self.failure is not None:
            return
        terminal = self.last_event(bytes(self._tail))
        if terminal is not None:
            self.done, self.terminal = True, terminal
        elif self.failure is None:
            self.failure = UpstreamFailed(
                "The provider's stream ended before it was complete.", code="upstream_cut"
            )

    def decide(self, event: bytes) -> EventAction:
        """Decides about one whole event. Sets `failure`, or `done` and `terminal`, with `STOP`."""
        raise NotImplementedError

    def last_event(self, rest: bytes) -> bytes | None:
        """Returns the terminal event if the body may end here, after the incomplete event `rest`;
        else `None`."""
        raise NotImplementedError

    def unless_leaking(self, event: bytes, action: EventAction = EventAction.PASS) -> EventAction:
        """Returns `action`, or stops the stream if our credential is in `event`."""
        if not self.redaction.found_in(event):
            return action
        self.done, self.terminal = False, b""
        self.failure = leaked()
        return EventAction.STOP

    def _limit_tail(self) -> None:
        if len(self._tail) > self.max_event_bytes:
            self._tail.clear()
            self.failure = self.failure or malformed(
                "The provider sent an event that is too large."
            )

    def _filter(self, buffer: bytes, ends: Iterable[int]) -> tuple[bytes, int]:
        """Returns the events of `buffer` that pass, and the end of the last whole event."""
        passed: list[bytes] = []
        kept = start = 0
        for end in ends:
            event = buffer[start:end]
            action = self.decide(event)
            if self._held and self.failure is None:
                passed += (buffer[kept:start], self._held)
                kept, self._held = start, b""
            if action is not EventAction.PASS:
                passed.append(buffer[kept:start])
                kept = end
            start = end
            if action is EventAction.HOLD:
                self._held = event
            elif action is EventAction.STOP:
                break
        passed.append(buffer[kept:start])
        return b"".join(passed) if len(passed) > 1 else passed[0], start


class EventReader(Protocol):
    """Reads the events of one stream of a dialect."""

    ended: bool  # the event that was read is the terminal one
    may_end: bool  # the body may end after it

    def read(self, name: bytes, data: bytes) -> Sequence[AnswerEvent]:
        """Returns the neutral events of one event. Raises `msgspec.DecodeError` for what is not
        JSON, `ErrorReported` for the provider's error, `UpstreamFailed` for what breaks a limit."""
        ...


class ErrorReported(Exception):
    """The provider reported an error during its answer. `document` is its JSON."""

    def __init__(self, document: bytes) -> None:
        super().__init__()
        self.document = document


class NeutralStream(SseStream):
    """A stream whose record is the whole answer of its events, as `write_answer` writes it.

    Keeps up to `capture_limit` bytes of text. `translated`: the events are wanted too.
    """

    def __init__(
        self,
        reader: EventReader,
        *,
        dialect: str,
        capture_limit: int,
        redaction: Redaction,
        translated: bool,
        write_answer: Callable[[WholeAnswer], bytes],
    ) -> None:
        super().__init__(redaction)
        self._reader = reader
        self._collector = AnswerCollector(capture_limit, dialect)
        self._translated = translated
        self._write_answer = write_answer
        self._ends_taken = False

    @property
    def delta_count(self) -> int:
        """The deltas with generated content so far."""
        return self._collector.delta_count

    @property
    def text_size(self) -> int:
        """The bytes of generated text so far."""
        return self._collector.text_size

    @property
    def facts(self) -> AnswerFacts:
        """The facts of the answer so far."""
        return self._collector.facts

    def take_events(self) -> list[AnswerEvent]:
        """Returns the events since the last call. Finish reasons and usage are the last ones, and
        go out once: providers repeat them, and clients add what they get."""
        events = super().take_events()
        if self.done and not self._ends_taken:
            self._ends_taken = True
            events += self._collector.endings()
        return events

    def document(self) -> bytes:
        """The answer so far in the shape of a whole one; empty if nothing arrived."""
        answer = self._collector.answer()
        return self._write_answer(answer) if answer.choices or answer.usage else b""

    def decide(self, event: bytes) -> EventAction:
        data = event_data(event)
        if data is None:  # a comment
            return self.unless_leaking(event)
        if not data or data.isspace():
            return EventAction.HIDE
        try:
            events = self._reader.read(event_name(event), data)
        except msgspec.DecodeError:
            self.failure = malformed("The provider sent a malformed event.")
            return EventAction.STOP
        except ErrorReported as error:
            self.failure = reported(read_error(error.document, self.redaction).message)
            return EventAction.STOP
        except UpstreamFailed as error:
            self.failure = error
            return EventAction.STOP
        return self._after(event, events)

    def _after(self, event: bytes, events: Sequence[AnswerEvent]) -> EventAction:
        if not any(map(is_delta, events)) and self.unless_leaking(event) is EventAction.STOP:
            return EventAction.STOP  # before it gets into the record
        for each in events:
            self._collector.add(each)
        if self._translated:
            self._events += [each for each in events if not isinstance(each, _ENDINGS)]
        if self._reader.ended:
            self.done, self.terminal = True, event
            return EventAction.STOP
        return EventAction.HOLD if self._reader.may_end else EventAction.PASS

    def last_event(self, rest: bytes) -> bytes | None:
        event = rest + b"\n\n" if rest.strip() else rest  # such as the LF of a split CRLF
        if event and _is_cut(event):
            return None
        if event and self.decide(event) is EventAction.STOP:
            return self._held + self.terminal if self.done else None
        return self._held + event if self._reader.may_end else None


def _is_cut(event: bytes) -> bool:
    """Returns true if the data of an event is not whole."""
    try:
        decode_json(_any, event_data(event) or b"null")
    except msgspec.DecodeError:
        return True
    return False


def _ends_event(text: bytes) -> bool:
    return next(iter(event_ends(text)), None) is not None


def malformed(message: str) -> UpstreamFailed:
    """The error for a stream that breaks its format or a limit."""
    return UpstreamFailed(message, code="upstream_malformed")


def reported(message: str) -> UpstreamFailed:
    """The error for a provider's error during its answer."""
    detail = f": {message}" if message else "."
    return UpstreamFailed(
        f"The provider reported an error during its answer{detail}",
        code="upstream_stream_error",
    )
