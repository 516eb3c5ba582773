"""A chat stream that passes: decides about each chunk. `sse_stream.py` finds the events.

The record is assembled from the chunks themselves, which is cheaper than from neutral events.
"""

from typing import Final

import msgspec

from penstock.rules.formats.sse import event_data, event_name
from penstock.rules.neutral.answer import AnswerFacts
from penstock.rules.redaction import Redaction
from penstock.rules.wire.openai.answer_reader import ChunkReader
from penstock.rules.wire.openai.chunks import Assembly, Chunk, present, read_chunk
from penstock.rules.wire.provider_errors import read_error
from penstock.rules.wire.sse_stream import EventAction, SseStream, malformed, reported

DONE: Final = b"data: [DONE]\n\n"
_DONE_BYTES: Final = 16  # of `[DONE]` and spaces around it
_PLAIN_BYTES: Final = 8  # of a plain event beside its data: `data: `, LF, LF


class ChatStream(SseStream):
    """`hide_usage`: the caller did not ask for the usage-only chunk. `needs_done`: a stream without
    `[DONE]` is incomplete (some vendors never send it; then finish reasons decide). Our credential
    is searched in everything except chunks with choices.
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
        super().__init__(redaction)
        self._hide_usage = hide_usage
        self._needs_done = needs_done
        self._reader = ChunkReader() if translated else None
        self.assembly = Assembly(capture_limit)

    @property
    def delta_count(self) -> int:
        """The deltas with generated content so far."""
        return self.assembly.delta_count

    @property
    def text_size(self) -> int:
        """The bytes of generated text so far."""
        return self.assembly.text_size

    @property
    def facts(self) -> AnswerFacts:
        """The facts of the answer so far."""
        return self.assembly.facts

    def document(self) -> bytes:
        """The answer so far in the shape of a whole one."""
        return self.assembly.document()

    def last_event(self, rest: bytes) -> bytes | None:
        by_reason = not self._needs_done and self.assembly.finished and not rest.strip()
        return DONE if by_reason or _is_done(event_data(rest + b"\n\n")) else None

    def decide(self, event: bytes) -> EventAction:
        data = event_data(event)
        if data is None:  # a comment, a ping
            return self.unless_leaking(event)
        if not data or data.isspace():  # no event by the standard; official clients fail on it
            return EventAction.HIDE
        if len(data) <= _DONE_BYTES and _is_done(data):
            cut_short = event.endswith(b"\r\n\r")  # its last LF has not arrived yet
            self.done, self.terminal = True, event + b"\n" if cut_short else event
            return self.unless_leaking(event, EventAction.STOP)
        try:
            chunk = read_chunk(data)
        except msgspec.DecodeError:
            self.failure = malformed("The provider sent a malformed chunk.")
            return EventAction.STOP
        if present(chunk.error) or chunk.object == "error" or event_name(event) == b"error":
            self.failure = reported(read_error(data, self.redaction).message)
            return EventAction.STOP
        content = chunk.choices and len(event) - len(data) <= _PLAIN_BYTES
        if not content and self.unless_leaking(event) is EventAction.STOP:
            return EventAction.STOP
        self.assembly.add(chunk)
        if self._reader is not None:
            self._events += self._reader.read(chunk)
        return EventAction.HIDE if self._hide_usage and _usage_only(chunk) else EventAction.PASS


def _is_done(data: bytes | None) -> bool:
    return data is not None and data.strip() == b"[DONE]"


def _usage_only(chunk: Chunk) -> bool:
    return not chunk.choices and present(chunk.usage)
