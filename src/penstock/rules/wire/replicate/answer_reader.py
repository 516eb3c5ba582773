"""Reads the short documents of predictions (`prediction.py`) and the events of streams
(`event_frames.py`) as neutral events."""

from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.call import Usage, UsageSource
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import (
    MAX_NAME_CHARS,
    AnswerEvent,
    AnswerFacts,
    AnswerStarted,
    ChoiceFinished,
    FinishReason,
    TextDelta,
    UsageReported,
)
from penstock.rules.neutral.collector import AnswerCollector
from penstock.rules.wire.sse_stream import ErrorReported

MAX_TOKENS: Final = 2**53  # of one kind in one call: the largest count that JSON keeps exactly


class _Metrics(msgspec.Struct):
    input_token_count: int | None = None
    output_token_count: int | None = None


class _Document(msgspec.Struct):
    text: str
    id: str = ""
    model: str = ""
    metrics: _Metrics = msgspec.field(default_factory=_Metrics)


class _Piece(msgspec.Struct):
    text: str = ""
    reason: str = ""


_document: Final = msgspec.json.Decoder(_Document)
_piece: Final = msgspec.json.Decoder(_Piece)


def read_events(body: bytes) -> list[AnswerEvent]:
    """Reads a whole answer. Raises `UpstreamFailed` if it is not one."""
    try:
        found = decode_json(_document, body)
    except msgspec.DecodeError:
        raise UpstreamFailed(
            "The provider's answer is not a prediction of Replicate.", code="upstream_malformed"
        ) from None
    started = AnswerStarted(found.id[:MAX_NAME_CHARS], found.model[:MAX_NAME_CHARS])
    events: list[AnswerEvent] = [started, TextDelta(0, found.text)]
    events.append(ChoiceFinished(0, FinishReason.STOP, raw="succeeded"))
    if (usage := _usage(found.metrics)) is not None:
        events.append(UsageReported(usage))
    return events


def read_answer(body: bytes) -> AnswerFacts:
    """Reads the facts of a whole answer. Raises `UpstreamFailed` if it is not one."""
    collector = AnswerCollector()
    for event in read_events(body):
        collector.add(event)
    return collector.facts


class PredictionEventReader:
    """Reads the events of one stream (`sse_stream.EventReader`)."""

    may_end = False

    def __init__(self) -> None:
        self.ended = False
        self._started = False

    def read(self, name: bytes, data: bytes) -> Sequence[AnswerEvent]:
        if name == b"error":
            raise ErrorReported(data)
        if name not in (b"output", b"done"):
            return ()
        found = decode_json(_piece, data)
        events: list[AnswerEvent] = [] if self._started else [AnswerStarted("", "")]
        self._started = True
        if name == b"output":
            return [*events, TextDelta(0, found.text)] if found.text else events
        if found.reason:  # `canceled` or `error`
            raise ErrorReported(msgspec.json.encode({"error": f"it ended as {found.reason}"}))
        self.ended = True
        return [*events, ChoiceFinished(0, FinishReason.STOP, raw="done")]


def _usage(found: _Metrics) -> Usage | None:
    """The counts of models that report them; most have none."""
    given, made = found.input_token_count, found.output_token_count
    if given is None or made is None:
        return None
    if not (0 <= given <= MAX_TOKENS and 0 <= made <= MAX_TOKENS):
        return Usage(source=UsageSource.INVALID)
    return Usage(input_tokens=given, output_tokens=made, source=UsageSource.PROVIDER)
