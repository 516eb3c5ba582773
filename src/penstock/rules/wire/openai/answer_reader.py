"""Reads OpenAI's answers as neutral events: chunks of a stream, and whole answers."""

from collections.abc import Iterator
from typing import Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import (
    MAX_NAME_CHARS,
    AnswerEvent,
    AnswerStarted,
    ChoiceFinished,
    CitationAdded,
    FinishReason,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
)
from penstock.rules.neutral.conversation import Citation
from penstock.rules.wire.openai.chunks import Annotation, Chunk, Delta
from penstock.rules.wire.openai.content_parts import with_texts
from penstock.rules.wire.openai.facts import MAX_CHOICES
from penstock.rules.wire.openai.usage import read_usage

MAX_TOOL_CALLS: Final = 1024  # of one answer; one with more is malformed
_REASONS: Final = {
    "function_call": FinishReason.TOOL_CALLS,
    **{reason.value: reason for reason in FinishReason},
}


class _WholeChoice(msgspec.Struct):
    index: int = 0
    message: Delta | None = None
    finish_reason: str | None = None


class _Whole(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    created: int | None = None
    choices: list[_WholeChoice] = []
    usage: msgspec.Raw = msgspec.Raw()
    service_tier: str | None = None


_decoder: Final = msgspec.json.Decoder(_Whole)


class ChunkReader:
    """Turns the chunks of one stream into events."""

    def __init__(self) -> None:
        self._started = False
        self._tool_calls: set[tuple[int, int]] = set()

    def read(self, chunk: Chunk) -> Iterator[AnswerEvent]:
        """Yields the events of one chunk. Raises `UpstreamFailed` for too many tool calls."""
        yield from self.start(chunk.id, chunk.model, chunk.created)
        for choice in chunk.choices or ():
            yield from self.choice(choice.index or 0, choice.delta, choice.finish_reason)
        yield from usage_event(chunk.usage, chunk.service_tier)

    def start(
        self, id_: str | None, model: str | None, created: int | None
    ) -> Iterator[AnswerEvent]:
        """Yields the first event, once."""
        if not self._started:
            self._started = True
            id_, model = (id_ or "")[:MAX_NAME_CHARS], (model or "")[:MAX_NAME_CHARS]
            yield AnswerStarted(id_, model, max(created or 0, 0))

    def choice(self, index: int, delta: Delta | None, reason: str | None) -> Iterator[AnswerEvent]:
        """Yields the events of one choice of a chunk or of a whole answer."""
        if not 0 <= index < MAX_CHOICES:
            raise UpstreamFailed(
                "The provider's answer has too many choices.", code="upstream_malformed"
            )
        if delta is not None:
            if reasoning := delta.reasoning_content or delta.reasoning:
                yield ReasoningDelta(index, reasoning)
            if delta.content:
                yield TextDelta(index, delta.content)
            for annotation in delta.annotations or ():
                yield CitationAdded(index, _citation(annotation))
            if delta.refusal:
                yield RefusalDelta(index, delta.refusal)
            yield from self._calls(index, delta)
        if reason:
            yield ChoiceFinished(index, _REASONS.get(reason, FinishReason.OTHER), raw=reason)

    def _calls(self, choice: int, delta: Delta) -> Iterator[AnswerEvent]:
        for position, call in enumerate(delta.tool_calls or ()):
            index = position if call.index is None else call.index
            name = (call.function.name if call.function else None) or ""
            if (choice, index) not in self._tool_calls:
                if len(self._tool_calls) >= MAX_TOOL_CALLS:
                    raise UpstreamFailed(
                        "The provider's answer has too many tool calls.", code="upstream_malformed"
                    )
                self._tool_calls.add((choice, index))
                yield ToolCallStarted(choice, index, call.id or "", name)
            if call.function and call.function.arguments:
                yield ToolArgumentsDelta(choice, index, call.function.arguments)


def read_events(body: bytes) -> list[AnswerEvent]:
    """Reads the events of a whole answer. Raises `UpstreamFailed` if it is not a chat answer."""
    try:
        found = _decode(body)
    except msgspec.DecodeError:
        raise UpstreamFailed(
            "The provider's answer is not a chat answer.", code="upstream_malformed"
        ) from None
    reader = ChunkReader()
    events = [*reader.start(found.id, found.model, found.created)]
    for choice in found.choices:
        events += reader.choice(choice.index, choice.message, choice.finish_reason)
    events += usage_event(found.usage, found.service_tier)
    return events


def _decode(body: bytes) -> _Whole:
    try:
        return decode_json(_decoder, body)
    except msgspec.ValidationError:
        if (written := with_texts(body)) is None:
            raise
        return decode_json(_decoder, written)


def usage_event(usage: msgspec.Raw, service_tier: str | None) -> Iterator[AnswerEvent]:
    """Yields the usage, if there is one."""
    if (read := read_usage(usage)) is not None:
        yield UsageReported(read, service_tier or "")


def _citation(annotation: Annotation) -> Citation:
    source = annotation.url_citation
    if source is None:
        return Citation()
    return Citation(source.url, source.title, start=source.start_index, end=source.end_index)
