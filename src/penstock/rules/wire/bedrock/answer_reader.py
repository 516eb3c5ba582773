"""Reads answers of Bedrock's Converse API as neutral events: events of a stream, whole answers."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.call import Usage, UsageSource
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import (
    AnswerEvent,
    AnswerFacts,
    AnswerStarted,
    ChoiceFinished,
    FinishReason,
    OtherAdded,
    ReasoningDelta,
    ReasoningEnded,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
)
from penstock.rules.neutral.collector import AnswerCollector
from penstock.rules.neutral.conversation import Other
from penstock.rules.wire.bedrock.request_writer import DIALECT

MAX_BLOCKS: Final = 1024  # content blocks of one answer; one with more is malformed
MAX_TOKENS: Final = 2**53  # of one kind in one call: the largest count that JSON keeps exactly
_REASONS: Final = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "tool_use": FinishReason.TOOL_CALLS,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "guardrail_intervened": FinishReason.CONTENT_FILTER,
    "content_filtered": FinishReason.CONTENT_FILTER,
}


class _CacheDetail(msgspec.Struct, rename="camel"):
    ttl: str = ""
    input_tokens: int = 0


class _Usage(msgspec.Struct, rename="camel"):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    cache_details: list[_CacheDetail] = []


class _ServiceTier(msgspec.Struct):
    type: str = ""


class _ReasoningText(msgspec.Struct):
    text: str = ""
    signature: str = ""


class _ReasoningContent(msgspec.Struct, rename="camel"):
    reasoning_text: _ReasoningText | None = None
    redacted_content: str = ""


class _ToolUse(msgspec.Struct, rename="camel"):
    tool_use_id: str
    name: str
    input: msgspec.Raw = msgspec.Raw(b"{}")


class _Generated(msgspec.Struct):
    text: str = ""


class _CitationsContent(msgspec.Struct):
    content: list[_Generated] = []


class _Block(msgspec.Struct, rename="camel"):
    text: str | None = None
    tool_use: _ToolUse | None = None
    reasoning_content: _ReasoningContent | None = None
    citations_content: _CitationsContent | None = None


class _Message(msgspec.Struct):
    content: list[msgspec.Raw] = []


class _Output(msgspec.Struct):
    message: _Message = msgspec.field(default_factory=_Message)


class _Whole(msgspec.Struct, rename="camel"):
    output: _Output
    stop_reason: str = ""
    usage: _Usage | None = None
    service_tier: _ServiceTier | None = None


class _ToolUseStart(msgspec.Struct, rename="camel"):
    tool_use_id: str
    name: str


class _Start(msgspec.Struct, rename="camel"):
    tool_use: _ToolUseStart | None = None


class _ToolUseDelta(msgspec.Struct):
    input: str = ""


class _ReasoningDelta(msgspec.Struct, rename="camel"):
    text: str = ""
    signature: str = ""
    redacted_content: str = ""


class _Delta(msgspec.Struct, rename="camel"):
    text: str = ""
    tool_use: _ToolUseDelta | None = None
    reasoning_content: _ReasoningDelta | None = None


class _StreamEvent(msgspec.Struct, rename="camel"):
    content_block_index: int = 0
    start: _Start | None = None
    delta: _Delta | None = None
    stop_reason: str = ""
    usage: _Usage | None = None
    service_tier: _ServiceTier | None = None


_whole: Final = msgspec.json.Decoder(_Whole)
_block: Final = msgspec.json.Decoder(_Block)
_event: Final = msgspec.json.Decoder(_StreamEvent)


def read_events(body: bytes) -> list[AnswerEvent]:
    """Reads a whole answer. Raises `UpstreamFailed` if it is not one."""
    try:
        found = decode_json(_whole, body)
        events: list[AnswerEvent] = [AnswerStarted("", "")]
        calls = 0
        for raw in found.output.message.content[:MAX_BLOCKS]:
            block = decode_json(_block, bytes(raw))
            events += _block_events(bytes(raw), block, calls)
            calls += block.tool_use is not None
    except msgspec.DecodeError:
        raise UpstreamFailed(
            "The provider's answer is not an answer of the Converse API.",
            code="upstream_malformed",
        ) from None
    if found.stop_reason:
        events.append(_finished(found.stop_reason))
    events += _usage_events(found.usage, found.service_tier)
    return events


def read_answer(body: bytes) -> AnswerFacts:
    """Reads the facts of a whole answer. Raises `UpstreamFailed` if it is not one."""
    collector = AnswerCollector()
    for event in read_events(body):
        collector.add(event)
    return collector.facts


def _block_events(raw: bytes, block: _Block, call: int) -> Sequence[AnswerEvent]:
    if block.text is not None:
        return [TextDelta(0, block.text)] if block.text else []
    if block.tool_use is not None:
        use = block.tool_use
        arguments = bytes(use.input).decode("utf-8", "replace")
        started = ToolCallStarted(0, call, use.tool_use_id, use.name)
        return [started, ToolArgumentsDelta(0, call, arguments)]
    if block.reasoning_content is not None:
        return _reasoning_events(block.reasoning_content)
    if block.citations_content is not None:
        return [TextDelta(0, one.text) for one in block.citations_content.content if one.text]
    return [OtherAdded(0, Other(DIALECT, "part", raw))]


def _reasoning_events(content: _ReasoningContent) -> Sequence[AnswerEvent]:
    text = content.reasoning_text or _ReasoningText()
    ended = ReasoningEnded(0, text.signature, content.redacted_content)
    return [ReasoningDelta(0, text.text), ended] if text.text else [ended]


def _finished(reason: str) -> ChoiceFinished:
    return ChoiceFinished(0, _REASONS.get(reason, FinishReason.OTHER), raw=reason)


def _usage_events(usage: _Usage | None, tier: _ServiceTier | None) -> list[AnswerEvent]:
    return [UsageReported(_read_usage(usage), tier.type if tier else "")] if usage else []


def _read_usage(found: _Usage) -> Usage:
    """`inputTokens` excludes what was read from the cache or written to it."""
    read, written = found.cache_read_input_tokens, found.cache_write_input_tokens
    hour = sum(detail.input_tokens for detail in found.cache_details if detail.ttl == "1h")
    counts = (found.input_tokens, found.output_tokens, read, written, hour)
    if min(counts) < 0 or sum(counts) > MAX_TOKENS or hour > written:
        return Usage(source=UsageSource.INVALID)
    return Usage(
        input_tokens=found.input_tokens + read + written,
        output_tokens=found.output_tokens,
        cache_read_tokens=read,
        cache_write_tokens=written,
        source=UsageSource.PROVIDER,
        cache_write_1h_tokens=hour,
    )


class ConverseReader:
    """Reads the events of one stream. `stopped`: the model has finished."""

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}  # content block → number of the tool call
        self._reasoning: int | None = None  # the block in progress
        self._sealed = ReasoningEnded(0)
        self.stopped = False
        self.complete = False

    def read(self, kind: str, payload: bytes) -> list[AnswerEvent]:
        """Returns the neutral events of one event. Raises `msgspec.DecodeError`, and
        `UpstreamFailed` for too many blocks."""
        found = decode_json(_event, payload)
        match kind:
            case "messageStart":
                return [AnswerStarted("", "")]
            case "contentBlockStart":
                return list(self._start(found))
            case "contentBlockDelta":
                return list(self._delta(found.content_block_index, found.delta or _Delta()))
            case "contentBlockStop":
                return list(self._end_reasoning())
            case "messageStop":
                self.stopped = True
                return [*self._end_reasoning(), _finished(found.stop_reason)]
            case "metadata":
                self.complete = self.stopped
                return _usage_events(found.usage, found.service_tier)
            case _:
                return []

    def _start(self, found: _StreamEvent) -> Iterator[AnswerEvent]:
        use = found.start.tool_use if found.start else None
        if use is not None:
            if len(self._calls) >= MAX_BLOCKS:
                raise UpstreamFailed(
                    "The provider's answer has too many tool calls.", code="upstream_malformed"
                )
            call = self._calls[found.content_block_index] = len(self._calls)
            yield ToolCallStarted(0, call, use.tool_use_id, use.name)

    def _delta(self, block: int, delta: _Delta) -> Iterator[AnswerEvent]:
        if delta.text:
            yield TextDelta(0, delta.text)
        if delta.tool_use is not None and delta.tool_use.input and block in self._calls:
            yield ToolArgumentsDelta(0, self._calls[block], delta.tool_use.input)
        if (part := delta.reasoning_content) is not None:
            self._reasoning = block
            sealed = self._sealed
            self._sealed = ReasoningEnded(
                0, part.signature or sealed.signature, part.redacted_content or sealed.encrypted
            )
            if part.text:
                yield ReasoningDelta(0, part.text)

    def _end_reasoning(self) -> Iterator[AnswerEvent]:
        if self._reasoning is not None:
            yield self._sealed
            self._reasoning, self._sealed = None, ReasoningEnded(0)
