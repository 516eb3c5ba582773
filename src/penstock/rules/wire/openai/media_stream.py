"""A stream of images or audio that passes: events with a `type`, or chunks and `[DONE]`."""

from typing import Final

import msgspec

from penstock.rules.elision import without_files
from penstock.rules.formats.json_text import decode_json
from penstock.rules.formats.sse import event_data, event_name
from penstock.rules.neutral.answer import AnswerFacts, bounded_facts
from penstock.rules.redaction import Redaction, leaked
from penstock.rules.wire.openai.chunks import MAX_USAGE_BYTES, present
from penstock.rules.wire.openai.usage import read_usage
from penstock.rules.wire.provider_errors import read_error
from penstock.rules.wire.sse_stream import EventAction, SseStream, malformed, reported

MAX_MEDIA_EVENT_BYTES: Final = 32 * 1024 * 1024  # one event; a large image has about 20 MiB
_SEARCHED_BYTES: Final = 64 * 1024  # of an event whose credential is searched in any encoding
_LAST: Final = (".completed", ".done")  # the body may end after an event of such a type
_DONE: Final = b"[DONE]"


class _MediaEvent(msgspec.Struct):
    type: str | None = None
    model: str | None = None
    usage: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


_decoder: Final = msgspec.json.Decoder(_MediaEvent)


class MediaStream(SseStream):
    """The record has the last event, without its files. Our credential is searched in the content
    as it is, in other events in any encoding."""

    max_event_bytes = MAX_MEDIA_EVENT_BYTES

    def __init__(self, *, capture_limit: int, redaction: Redaction) -> None:
        super().__init__(redaction)
        self._left = capture_limit
        self._may_end = False
        self._last = b""
        self._usage = b""
        self._model = ""
        self.delta_count = 0
        self.text_size = 0  # it has files

    @property
    def facts(self) -> AnswerFacts:
        """The facts of the answer so far."""
        return bounded_facts("", self._model, (), read_usage(self._usage), "")

    def document(self) -> bytes:
        """The last event."""
        return self._last

    def last_event(self, rest: bytes) -> bytes | None:
        if rest.strip() and self.decide(rest + b"\n\n") is EventAction.STOP:
            return self._held + self.terminal if self.done else None
        if not self._may_end:
            return None
        return self._held + (rest + b"\n\n" if rest.strip() else b"")

    def decide(self, event: bytes) -> EventAction:
        data = event_data(event)
        if data is None:
            return self.unless_leaking(event)
        if not data or data.isspace():
            return EventAction.HIDE
        if data.strip() == _DONE:
            self.done, self.terminal = True, event
            return EventAction.STOP
        try:
            found = decode_json(_decoder, data)
        except msgspec.ValidationError:  # JSON of another shape
            found = _MediaEvent()
        except msgspec.DecodeError:
            self.failure = malformed("The provider sent a malformed event.")
            return EventAction.STOP
        if present(found.error) or found.type == "error" or event_name(event) == b"error":
            self.failure = reported(read_error(data, self.redaction).message)
            return EventAction.STOP
        return self._after(event, data, found)

    def _after(self, event: bytes, data: bytes, found: _MediaEvent) -> EventAction:
        may_end = (found.type or "").endswith(_LAST)
        kept = without_files(data) if may_end or len(data) <= _SEARCHED_BYTES else b""
        if self.redaction.found_plain_in(event) or self.redaction.found_in(kept):
            self.failure = leaked()
            return EventAction.STOP
        self.delta_count += 1
        self._model = self._model or found.model or ""
        if present(found.usage) and len(usage := bytes(found.usage)) <= MAX_USAGE_BYTES:
            self._usage = usage
        if 0 < len(kept) <= self._left:
            self._last = kept
        self._may_end = may_end
        return EventAction.HOLD if may_end else EventAction.PASS
