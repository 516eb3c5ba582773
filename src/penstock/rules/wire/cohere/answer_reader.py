"""Reads answers of Cohere's chat API as neutral events: events of a stream, whole answers."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

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
    CitationAdded,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
)
from penstock.rules.neutral.collector import AnswerCollector
from penstock.rules.neutral.conversation import Citation
from penstock.rules.wire.sse_stream import ErrorReported

MAX_TOOL_CALLS: Final = 1024  # of one answer; one with more is malformed
MAX_TOKENS: Final = 2**53  # of one kind in one call: the largest count that JSON keeps exactly
_REASONS: Final = {
    "COMPLETE": FinishReason.STOP,
    "STOP_SEQUENCE": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    "TOOL_CALL": FinishReason.TOOL_CALLS,
}


class _Tokens(msgspec.Struct):
    input_tokens: float | None = None
    output_tokens: float | None = None


class _Usage(msgspec.Struct):
    billed_units: _Tokens | None = None
    tokens: _Tokens | None = None
    cached_tokens: float | None = None


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct):
    id: str | None = None
    function: _Function | None = None


class _Content(msgspec.Struct):
    text: str | None = None
    thinking: str | None = None


class _Source(msgspec.Struct):
    id: str | None = None


class _Citation(msgspec.Struct):
    start: int | None = None
    end: int | None = None
    text: str | None = None
    sources: list[_Source] | None = None


class _WholeMessage(msgspec.Struct):
    content: list[_Content] | None = None
    tool_plan: str | None = None
    tool_calls: list[_ToolCall] | None = None
    citations: list[_Citation] | None = None


class _Whole(msgspec.Struct):
    message: _WholeMessage
    id: str | None = None
    finish_reason: str | None = None
    usage: _Usage | None = None


class _DeltaMessage(msgspec.Struct):
    content: _Content | list[Any] | None = None  # a list at the start of a message
    tool_plan: str | None = None
    tool_calls: _ToolCall | list[Any] | None = None
    citations: _Citation | list[Any] | None = None


class _Delta(msgspec.Struct):
    message: _DeltaMessage | None = None
    finish_reason: str | None = None
    usage: _Usage | None = None
    error: str | None = None


class _StreamEvent(msgspec.Struct):
    type: str
    id: str | None = None
    index: int | None = None
    delta: _Delta | None = None


_whole: Final = msgspec.json.Decoder(_Whole)
_event: Final = msgspec.json.Decoder(_StreamEvent)
_NO_MESSAGE: Final = _DeltaMessage()


def read_events(body: bytes) -> list[AnswerEvent]:
    """Reads a whole answer. Raises `UpstreamFailed` if it is not one."""
    try:
        found = decode_json(_whole, body)
    except msgspec.DecodeError:
        raise UpstreamFailed(
            "The provider's answer is not one of Cohere's chat API.", code="upstream_malformed"
        ) from None
    message = found.message
    events: list[AnswerEvent] = [AnswerStarted((found.id or "")[:MAX_NAME_CHARS], "")]
    if message.tool_plan:
        events.append(ReasoningDelta(0, message.tool_plan))
    for content in message.content or ():
        events += _content_events(content)
    events += [CitationAdded(0, _citation(each)) for each in message.citations or ()]
    for number, call in enumerate((message.tool_calls or ())[:MAX_TOOL_CALLS]):
        events += _call_events(number, call)
    if found.finish_reason:
        events.append(_finished(found.finish_reason))
    if found.usage is not None:
        events.append(UsageReported(_read_usage(found.usage)))
    return events


def read_answer(body: bytes) -> AnswerFacts:
    """Reads the facts of a whole answer. Raises `UpstreamFailed` if it is not one."""
    collector = AnswerCollector()
    for event in read_events(body):
        collector.add(event)
    return collector.facts


class ChatEventReader:
    """Reads the events of one stream (`sse_stream.EventReader`)."""

    may_end = False

    def __init__(self) -> None:
        self.ended = False
        self._calls: dict[int, int] = {}  # index of the provider → number of the tool call

    def read(self, name: bytes, data: bytes) -> Sequence[AnswerEvent]:  # noqa: ARG002 - the type is in the data
        found = decode_json(_event, data)
        delta = found.delta or _Delta()
        message = delta.message or _NO_MESSAGE
        match found.type:
            case "message-start":
                return [AnswerStarted((found.id or "")[:MAX_NAME_CHARS], "")]
            case "content-start" | "content-delta" if isinstance(message.content, _Content):
                return _content_events(message.content)
            case "tool-plan-delta" if message.tool_plan:
                return [ReasoningDelta(0, message.tool_plan)]
            case "tool-call-start" | "tool-call-delta" if isinstance(message.tool_calls, _ToolCall):
                return list(self._call(found.index or 0, message.tool_calls))
            case "citation-start" if isinstance(message.citations, _Citation):
                return [CitationAdded(0, _citation(message.citations))]
            case "message-end":
                return self._end(delta)
            case _:
                return ()

    def _call(self, index: int, call: _ToolCall) -> Iterator[AnswerEvent]:
        number = self._calls.get(index)
        if number is not None:
            if call.function and call.function.arguments:
                yield ToolArgumentsDelta(0, number, call.function.arguments)
            return
        if len(self._calls) >= MAX_TOOL_CALLS:
            raise UpstreamFailed(
                "The provider's answer has too many tool calls.", code="upstream_malformed"
            )
        number = self._calls[index] = len(self._calls)
        yield from _call_events(number, call)

    def _end(self, delta: _Delta) -> Sequence[AnswerEvent]:
        if delta.error or delta.finish_reason in ("ERROR", "TIMEOUT"):
            raise ErrorReported(msgspec.json.encode({"error": delta.error or delta.finish_reason}))
        self.ended = True
        events: list[AnswerEvent] = []
        if delta.finish_reason:
            events.append(_finished(delta.finish_reason))
        if delta.usage is not None:
            events.append(UsageReported(_read_usage(delta.usage)))
        return events


def _content_events(content: _Content) -> list[AnswerEvent]:
    if content.thinking:
        return [ReasoningDelta(0, content.thinking)]
    return [TextDelta(0, content.text)] if content.text else []


def _call_events(number: int, call: _ToolCall) -> list[AnswerEvent]:
    function = call.function or _Function()
    events: list[AnswerEvent] = [ToolCallStarted(0, number, call.id or "", function.name or "")]
    if function.arguments:
        events.append(ToolArgumentsDelta(0, number, function.arguments))
    return events


def _citation(found: _Citation) -> Citation:
    start = -1 if found.start is None else found.start
    end = -1 if found.end is None else found.end
    title = ", ".join([source.id for source in found.sources or () if source.id])
    return Citation(title=title[:MAX_NAME_CHARS], cited_text=found.text or "", start=start, end=end)


def _finished(reason: str) -> ChoiceFinished:
    return ChoiceFinished(0, _REASONS.get(reason, FinishReason.OTHER), raw=reason)


def _read_usage(found: _Usage) -> Usage:
    """Reads the billed tokens; `tokens` also counts what Cohere adds and does not bill."""
    billed = found.billed_units or found.tokens or _Tokens()
    given, made, cached = (
        _count(value) for value in (billed.input_tokens, billed.output_tokens, found.cached_tokens)
    )
    if None in (given, made, cached):
        return Usage(source=UsageSource.INVALID)
    counts = cast("tuple[int, int, int]", (given, made, cached))
    return Usage(
        input_tokens=counts[0],
        output_tokens=counts[1],
        cache_read_tokens=min(counts[2], counts[0]),
        source=UsageSource.PROVIDER,
    )


def _count(value: float | None) -> int | None:
    """A count of tokens; `None` for one that is impossible."""
    if value is None:
        return 0
    return int(value) if 0 <= value <= MAX_TOKENS else None
