"""Writes neutral events as Anthropic's stream, or as a whole message.

A client gets another provider's reasoning as thinking whose signature is sealed
(`sealed_reasoning.py`): it comes back with the next request.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from penstock.rules.call import Usage
from penstock.rules.neutral.answer import (
    AnswerChoice,
    AnswerEvent,
    AnswerStarted,
    ChoiceFinished,
    CitationAdded,
    ContentEvent,
    FinishReason,
    MediaAdded,
    OtherAdded,
    ReasoningDelta,
    ReasoningEnded,
    RefusalDelta,
    TextDelta,
    TextEnded,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
    WholeAnswer,
)
from penstock.rules.neutral.collector import collect
from penstock.rules.neutral.conversation import (
    Citation,
    Other,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from penstock.rules.wire.anthropic.blocks import DIALECT
from penstock.rules.wire.anthropic.call_order import CallOrder
from penstock.rules.wire.anthropic.citations import write_citation
from penstock.rules.wire.anthropic.tool_input import write_input
from penstock.rules.wire.anthropic.usage import write_usage
from penstock.rules.wire.sealed_reasoning import seal_call, seal_reasoning

_encoder: Final = msgspec.json.Encoder()
_REASONS: Final = {
    FinishReason.STOP: "end_turn",
    FinishReason.LENGTH: "max_tokens",
    FinishReason.TOOL_CALLS: "tool_use",
    FinishReason.CONTENT_FILTER: "refusal",
}
_OWN_REASONS: Final = frozenset(("pause_turn",))


class MessageEventWriter:
    """Writes the events of one answer as a stream. `dialect` is the provider's.

    One block is open at a time, as clients expect it.
    """

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._blocks = 0
        self._kind = ""  # of the open block
        self._calls = CallOrder()
        self._refused = False
        self._finished: ChoiceFinished | None = None
        self._usage = Usage()

    def write(self, event: AnswerEvent) -> bytes:
        """Returns the bytes of one event; a tool call that is mixed with an earlier one waits.
        Raises `UpstreamFailed` for arguments of a tool call that has ended."""
        match event:
            case AnswerStarted():
                return _event("message_start", message=_message(event))
            case ChoiceFinished():
                self._finished = self._finished or event
                return b""
            case UsageReported(usage):
                self._usage = usage
                return b""
            case _:
                return self._written(self._calls.add(event)) if event.choice == 0 else b""

    def end(self) -> bytes:
        """Returns the last events: the stop reason with the usage, and the terminal one."""
        rest = self._written(self._calls.flush())
        finished = self._finished or ChoiceFinished(0, FinishReason.STOP)
        reason = _stop_reason(
            finished.reason, finished.stop_sequence, finished.raw, refused=self._refused
        )
        delta = {"stop_reason": reason, "stop_sequence": finished.stop_sequence or None}
        last = _event("message_delta", delta=delta, usage=write_usage(self._usage))
        return rest + self._stop() + last + _event("message_stop")

    def _written(self, events: Iterable[ContentEvent]) -> bytes:
        return b"".join([self._content(event) for event in events])

    def _content(self, event: ContentEvent) -> bytes:
        match event:
            case TextDelta(_, text):
                return self._text(text)
            case ReasoningDelta(_, text):
                return self._in_thinking() + self._delta("thinking_delta", thinking=text)
            case ReasoningEnded():
                return self._end_thinking(event)
            case ToolCallStarted():
                return self._start_call(event)
            case ToolArgumentsDelta(_, _, arguments):
                return self._delta("input_json_delta", partial_json=arguments)
            case _:
                return self._rare(event)

    def _rare(
        self, event: TextEnded | RefusalDelta | CitationAdded | MediaAdded | OtherAdded
    ) -> bytes:
        match event:
            case TextEnded():
                return self._stop() if self._kind == "text" else b""
            case RefusalDelta(_, text):
                self._refused = True
                return self._text(text)
            case CitationAdded(_, citation):
                written = write_citation(citation)
                return self._in_text() + self._delta("citations_delta", citation=written)
            case OtherAdded(_, other) if other.dialect == DIALECT:
                return self._open("other", msgspec.Raw(other.value)) + self._stop()
            case _:  # an answer of this format has no media
                return b""

    def _text(self, text: str) -> bytes:
        return self._in_text() + self._delta("text_delta", text=text)

    def _in_text(self) -> bytes:
        if self._kind == "text":
            return b""
        return self._open("text", {"type": "text", "text": ""})

    def _in_thinking(self) -> bytes:
        if self._kind == "thinking":
            return b""
        return self._open("thinking", {"type": "thinking", "thinking": "", "signature": ""})

    def _start_call(self, event: ToolCallStarted) -> bytes:
        call = ToolCall(event.id, event.name, "", event.signature)
        id_ = seal_call(call, ())
        block: dict[str, Any] = {"type": "tool_use", "id": id_, "name": event.name, "input": {}}
        return self._open("tool_use", block)

    def _end_thinking(self, event: ReasoningEnded) -> bytes:
        if self._dialect == DIALECT and event.encrypted:
            block = {"type": "redacted_thinking", "data": event.encrypted}
            return self._open("redacted_thinking", block) + self._stop()
        signature = event.signature
        if self._dialect != DIALECT:
            signature = seal_reasoning(
                Reasoning("", event.signature, event.encrypted, event.id, self._dialect)
            )
        return self._in_thinking() + self._close_thinking(signature)

    def _close_thinking(self, signature: str) -> bytes:
        signed = self._delta("signature_delta", signature=signature) if signature else b""
        self._kind = "signed"
        return signed + self._stop()

    def _open(self, kind: str, block: Any) -> bytes:
        out = self._stop()
        self._kind = kind
        return out + _event("content_block_start", index=self._blocks, content_block=block)

    def _stop(self) -> bytes:
        """Ends the open block. Thinking without an end of its own gets its signature here."""
        if not self._kind:
            return b""
        if self._kind == "thinking" and self._dialect != DIALECT:
            return self._close_thinking(seal_reasoning(Reasoning(dialect=self._dialect)))
        self._kind = ""
        self._blocks += 1
        return _event("content_block_stop", index=self._blocks - 1)

    def _delta(self, kind: str, **members: Any) -> bytes:
        return _event("content_block_delta", index=self._blocks, delta={"type": kind, **members})


def render_answer(events: Iterable[AnswerEvent], dialect: str) -> bytes:
    """Writes a whole answer of a provider of `dialect`."""
    return write_answer(collect(events, dialect))


def write_answer(answer: WholeAnswer) -> bytes:
    """Writes a whole answer; its first choice, because a message has one."""
    choice = answer.choices[0] if answer.choices else AnswerChoice()
    refused = any(isinstance(content, Refusal) for content in choice.parts)
    reason = None
    if choice.reason is not None:
        reason = _stop_reason(choice.reason, choice.stop_sequence, choice.raw, refused=refused)
    return _encoder.encode(
        {
            **_message(AnswerStarted(answer.id, answer.model)),
            "content": [block for part in choice.parts for block in _blocks(part)],
            "stop_reason": reason,
            "stop_sequence": choice.stop_sequence or None,
            "usage": write_usage(answer.usage or Usage()),
        }
    )


def _blocks(part: Part) -> list[Any]:
    match part:
        case Text(text, citations):
            return [{"type": "text", "text": text, **_cited(citations)}]
        case Refusal(text):
            return [{"type": "text", "text": text}]
        case Reasoning():
            return [_thinking(part)]
        case ToolCall(_, name, arguments):
            block = {"type": "tool_use", "id": seal_call(part, ()), "name": name}
            return [{**block, "input": write_input(arguments)[0]}]
        case Other(dialect, _, value) if dialect == DIALECT:
            return [msgspec.Raw(value)]
        case _:  # an answer of this format has no media
            return []


def _cited(citations: tuple[Citation, ...]) -> dict[str, Any]:
    return {"citations": [write_citation(each) for each in citations]} if citations else {}


def _thinking(part: Reasoning) -> dict[str, Any]:
    if part.dialect == DIALECT and part.encrypted:
        return {"type": "redacted_thinking", "data": part.encrypted}
    signature = part.signature
    if part.dialect != DIALECT:
        signature = seal_reasoning(msgspec.structs.replace(part, text=""))
    return {"type": "thinking", "thinking": part.text, "signature": signature}


def _stop_reason(reason: FinishReason, stop_sequence: str, raw: str, *, refused: bool) -> str:
    if refused and reason is FinishReason.STOP:
        return "refusal"
    if stop_sequence and reason is FinishReason.STOP:
        return "stop_sequence"
    if raw in _OWN_REASONS:
        return raw
    return _REASONS.get(reason, "end_turn")


def _message(started: AnswerStarted) -> dict[str, Any]:
    return {
        "id": started.id,
        "type": "message",
        "role": "assistant",
        "model": started.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": write_usage(Usage()),
    }


def _event(kind: str, **members: Any) -> bytes:
    data = _encoder.encode({"type": kind, **members})
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)
