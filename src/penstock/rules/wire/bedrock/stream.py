"""A stream of Bedrock's Converse API. Nothing of it passes: it is read as neutral events."""

from typing import Final

import msgspec

from penstock.kernel.errors import PenstockError, UpstreamFailed
from penstock.rules.neutral.answer import AnswerEvent, AnswerFacts
from penstock.rules.neutral.collector import AnswerCollector
from penstock.rules.redaction import Redaction, leaked
from penstock.rules.wire.bedrock.answer_reader import ConverseReader
from penstock.rules.wire.bedrock.answer_writer import write_answer
from penstock.rules.wire.bedrock.event_stream import EventMessage, EventStreamReader
from penstock.rules.wire.bedrock.request_writer import DIALECT
from penstock.rules.wire.provider_errors import read_error
from penstock.rules.wire.sse_stream import malformed, reported

_CONTENT: Final = frozenset(("contentBlockDelta", "contentBlockStart"))


class ConverseStream:
    """`spi.chat.AnswerStream`. Keeps up to `capture_limit` bytes of text for the record."""

    terminal = b""

    def __init__(self, *, capture_limit: int, redaction: Redaction) -> None:
        self._messages = EventStreamReader()
        self._reader = ConverseReader()
        self._collector = AnswerCollector(capture_limit, DIALECT)
        self._redaction = redaction
        self._events: list[AnswerEvent] = []
        self.size = 0
        self.done = False
        self.failure: PenstockError | None = None

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

    def document(self) -> bytes:
        """The answer so far in the shape of a whole one; empty if nothing arrived."""
        answer = self._collector.answer()
        return write_answer(answer) if answer.choices or answer.usage else b""

    def take_events(self) -> list[AnswerEvent]:
        """The neutral events since the last call."""
        events, self._events = self._events, []
        return events

    def feed(self, piece: bytes) -> bytes:
        """Reads a piece. Returns nothing, because no surface has this format."""
        self.size += len(piece)
        try:
            for message in self._messages.feed(piece):
                self._read(message)
                if self.done or self.failure is not None:
                    break
        except UpstreamFailed as error:
            self.failure = error
        return b""

    def close(self) -> None:
        """Notes the end of the provider's body. Sets `done` or `failure`."""
        if self.done or self.failure is not None:
            return
        if self._reader.stopped and self._messages.is_empty:
            self.done = True
        else:
            self.failure = UpstreamFailed(
                "The provider's stream ended before it was complete.", code="upstream_cut"
            )

    def _read(self, message: EventMessage) -> None:
        if message.headers.get(":message-type") != "event":
            self.failure = reported(read_error(message.payload, self._redaction).message)
            return
        kind = message.headers.get(":event-type", "")
        if kind not in _CONTENT and self._redaction.found_in(message.payload):
            self.failure = leaked()
            return
        try:
            events = self._reader.read(kind, message.payload)
        except msgspec.DecodeError:
            self.failure = malformed("The provider sent a malformed event.")
            return
        for event in events:
            self._collector.add(event)
        self._events += events
        self.done = self._reader.complete
