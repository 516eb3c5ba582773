"""Reads Anthropic's answers as neutral events: the events of a stream, and whole messages.

The order of a stream is checked: official clients fail on another one.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.formats.json_text import decode_json, decode_whole_json
from penstock.rules.neutral.answer import (
    MAX_NAME_CHARS,
    AnswerEvent,
    AnswerFacts,
    AnswerStarted,
    ChoiceFinished,
    FinishReason,
    UsageReported,
    bounded_facts,
)
from penstock.rules.wire.anthropic.answer_blocks import (
    BlockDelta,
    OpenBlock,
    Start,
    open_block,
)
from penstock.rules.wire.anthropic.usage import Counts, read_counts
from penstock.rules.wire.sse_stream import ErrorReported, malformed
from penstock.rules.wire.tail import last_object

MAX_BLOCKS: Final = 4096  # of one answer; one with more is malformed
MAX_HELD_BYTES: Final = 4 * 1024 * 1024  # of signatures, citations and inputs of server tools
_REASONS: Final = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALLS,
    "refusal": FinishReason.CONTENT_FILTER,
}


class _Message(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    type: str | None = None
    content: list[msgspec.Raw] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


class _Delta(BlockDelta):
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _Event(msgspec.Struct):
    type: str | None = None
    index: int | None = None
    message: _Message | None = None
    content_block: msgspec.Raw = msgspec.Raw()
    delta: _Delta | None = None
    usage: msgspec.Raw = msgspec.Raw()


_event: Final = msgspec.json.Decoder(_Event)
_whole: Final = msgspec.json.Decoder(_Message)
_any: Final = msgspec.json.Decoder()
_start: Final = msgspec.json.Decoder(Start)


class MessageReader:
    """Reads the events of one stream (`sse_stream.EventReader`)."""

    may_end = False  # only after the terminal event

    def __init__(self) -> None:
        self.ended = False
        self._counts = Counts()
        self._open: dict[int, OpenBlock] = {}
        self._blocks = 0
        self._calls = 0
        self._held = 0
        self._started = False
        self._reason = ""

    def read(self, name: bytes, data: bytes) -> Sequence[AnswerEvent]:
        """Reads one event; later kinds of events have none."""
        event = decode_whole_json(_event, data)
        kind = event.type or name.decode("utf-8", "replace")
        match kind:
            case "error":
                raise ErrorReported(data)
            case "message_start":
                return list(self.start(event.message or _Message()))
            case "content_block_start":
                return list(self._open_block(event.index, bytes(event.content_block)))
            case "content_block_delta":
                return list(self._grow(event.index, event.delta or _Delta()))
            case "content_block_stop":
                return list(self._close(event.index))
            case "message_delta":
                return list(self._finish(event.delta or _Delta(), event.usage))
            case "message_stop":
                self._require(bool(self._reason))
                self.ended = True
                return []
            case _:
                return []

    def start(self, message: _Message) -> Iterator[AnswerEvent]:
        """Yields the first event."""
        self._require(not self._started)
        self._started = True
        self._counts.update(read_counts(message.usage) or Counts())
        id_, model = message.id or "", message.model or ""
        yield AnswerStarted(id_[:MAX_NAME_CHARS], model[:MAX_NAME_CHARS])

    def whole(self, message: _Message) -> Iterator[AnswerEvent]:
        """Yields the events of a whole message."""
        yield from self.start(message)
        for at, raw in enumerate(message.content or ()):
            yield from self._open_block(at, bytes(raw))
            yield from self._close(at)
        delta = _Delta(stop_reason=message.stop_reason, stop_sequence=message.stop_sequence)
        yield from self._finish(delta, message.usage)

    def _open_block(self, index: int | None, value: bytes) -> Iterator[AnswerEvent]:
        self._require(self._started and not self._reason and index == self._blocks)
        if self._blocks >= MAX_BLOCKS:
            raise malformed("The provider's answer has too many blocks.")
        block = open_block(decode_json(_start, value), value, self._calls)
        self._open[self._blocks] = block
        self._blocks += 1
        self._calls += block.is_call
        self._hold(block.held)
        yield from block.begin()

    def _grow(self, index: int | None, delta: BlockDelta) -> Iterator[AnswerEvent]:
        block = self._open.get(-1 if index is None else index)
        if block is None:
            raise _out_of_order()
        before = block.held
        yield from block.add(delta)
        self._hold(block.held - before)

    def _close(self, index: int | None) -> Iterator[AnswerEvent]:
        block = self._open.pop(-1 if index is None else index, None)
        if block is None:
            raise _out_of_order()
        self._held -= block.held
        yield from block.end()

    def _finish(self, delta: _Delta, usage: msgspec.Raw) -> Iterator[AnswerEvent]:
        self._require(self._started)
        for index in sorted(self._open) if delta.stop_reason else ():
            yield from self._close(index)
        if delta.stop_reason:
            if self._reason not in ("", delta.stop_reason):
                raise malformed("The provider's answer has two stop reasons.")
            if not self._reason:
                yield _finished(delta.stop_reason, delta.stop_sequence)
            self._reason = delta.stop_reason
        if (counts := read_counts(usage)) is not None:
            self._counts.update(counts)
            yield UsageReported(self._counts.usage, self._counts.tier)

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > MAX_HELD_BYTES:
            raise malformed("The provider sent a block that is too large.")

    def _require(self, in_order: bool) -> None:  # noqa: FBT001 - reads as an assertion
        if not in_order:
            raise _out_of_order()


def read_events(body: bytes) -> list[AnswerEvent]:
    """Reads the events of a whole answer. Raises `UpstreamFailed` if it is not a message."""
    try:
        message = decode_json(_whole, body)
        if message.type != "message" or message.content is None:
            raise _not_a_message()
        return list(MessageReader().whole(message))
    except msgspec.DecodeError:
        raise _not_a_message() from None


def read_answer(body: bytes) -> AnswerFacts:
    """Reads the facts of a whole answer; JSON of another shape has none. Raises `UpstreamFailed` if
    the body is not JSON."""
    try:
        found = decode_whole_json(_whole, body)
    except msgspec.ValidationError:
        return _without_facts(body)
    except msgspec.DecodeError:
        raise _no_json() from None
    counts = read_counts(found.usage)
    return bounded_facts(
        found.id,
        found.model,
        (found.stop_reason,),
        counts.usage if counts is not None else None,
        counts.tier if counts is not None else None,
        reports_error=bytes(found.error) not in (b"", b"null"),
    )


def facts_in_tail(tail: bytes) -> AnswerFacts:
    """Reads usage and tier from the end of an answer that is too large to keep whole."""
    counts = read_counts(last_object(tail, b"usage"))
    if counts is None:
        return AnswerFacts()
    return bounded_facts(None, None, (), counts.usage, counts.tier)


def _finished(reason: str, stop_sequence: str | None) -> ChoiceFinished:
    neutral = _REASONS.get(reason, FinishReason.OTHER)
    return ChoiceFinished(0, neutral, stop_sequence or "", reason)


def _without_facts(body: bytes) -> AnswerFacts:
    try:
        decode_json(_any, body)
    except msgspec.DecodeError:
        raise _no_json() from None
    return AnswerFacts()


def _no_json() -> UpstreamFailed:
    return malformed("The provider's answer is not valid JSON.")


def _not_a_message() -> UpstreamFailed:
    return malformed("The provider's answer is not a message.")


def _out_of_order() -> UpstreamFailed:
    return malformed("The events of the provider's stream are out of order.")
