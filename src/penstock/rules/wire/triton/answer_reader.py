"""Reads answers of Triton's generate extension as neutral events: whole ones, and those of
streams, which have the same members."""

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


class _Generated(msgspec.Struct):
    """One answer. The last three are outputs of vLLM's backend."""

    text_output: str | None = None
    model_name: str = ""
    error: str | None = None
    finish_reason: str | None = None
    num_input_tokens: int | None = None
    num_output_tokens: int | None = None


_generated: Final = msgspec.json.Decoder(_Generated)


def read_events(body: bytes) -> list[AnswerEvent]:
    """Reads a whole answer. Raises `UpstreamFailed` if it is not one."""
    try:
        found = decode_json(_generated, body)
    except msgspec.DecodeError:
        found = _Generated()
    if found.text_output is None:
        raise UpstreamFailed(
            "The provider's answer is not one of Triton's generate extension.",
            hint="Check that the model has the output `text_output`.",
            code="upstream_malformed",
        )
    return GenerateEventReader().events(found)


def read_answer(body: bytes) -> AnswerFacts:
    """Reads the facts of a whole answer. Raises `UpstreamFailed` if it is not one."""
    collector = AnswerCollector()
    for event in read_events(body):
        collector.add(event)
    return collector.facts


class GenerateEventReader:
    """Reads the events of one stream (`sse_stream.EventReader`). A stream ends with its body, so
    that each event may be the last one."""

    def __init__(self) -> None:
        self.ended = False
        self.may_end = False
        self._made = 0

    def read(self, name: bytes, data: bytes) -> Sequence[AnswerEvent]:  # noqa: ARG002 - events have no names
        found = decode_json(_generated, data)
        if found.error is not None:
            raise ErrorReported(data)
        return self.events(found)

    def events(self, found: _Generated) -> list[AnswerEvent]:
        """Returns the events of one answer. The first one begins the answer."""
        events: list[AnswerEvent] = []
        if not self.may_end:
            self.may_end = True
            events.append(AnswerStarted("", found.model_name[:MAX_NAME_CHARS]))
        if found.text_output:
            events.append(TextDelta(0, found.text_output))
        cut = found.finish_reason == "length"
        reason = FinishReason.LENGTH if cut else FinishReason.STOP
        events.append(ChoiceFinished(0, reason, raw=found.finish_reason or ""))
        if found.num_input_tokens is not None and found.num_output_tokens is not None:
            self._made += found.num_output_tokens  # of this event
            events.append(UsageReported(_usage(found.num_input_tokens, self._made)))
        return events


def _usage(given: int, made: int) -> Usage:
    if not (0 <= given <= MAX_TOKENS and 0 <= made <= MAX_TOKENS):
        return Usage(source=UsageSource.INVALID)
    return Usage(input_tokens=given, output_tokens=made, source=UsageSource.PROVIDER)
