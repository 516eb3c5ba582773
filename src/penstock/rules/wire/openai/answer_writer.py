"""Writes neutral events as OpenAI's chunks, or as a whole answer."""

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
    ReasoningDelta,
    ReasoningEnded,
    RefusalDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
    WholeAnswer,
)
from penstock.rules.neutral.collector import collect
from penstock.rules.neutral.conversation import Citation, Reasoning, Refusal, Text, ToolCall
from penstock.rules.wire.openai.stream import DONE
from penstock.rules.wire.sealed_reasoning import seal_call

MAX_REASONING_CHARS: Final = 256 * 1024  # of a stream, kept for the ids of its tool calls

_encoder: Final = msgspec.json.Encoder()


class ChunkWriter:
    """Writes the events of one answer as a stream of chunks. `dialect` is the provider's: a caller
    gets its reasoning inside the ids of tool calls (`sealed_reasoning.py`)."""

    def __init__(self, *, wants_usage: bool, dialect: str) -> None:
        self._wants_usage = wants_usage
        self._dialect = dialect
        self._started = AnswerStarted("", "")
        self._reasoning: dict[int, list[str]] = {}
        self._left = MAX_REASONING_CHARS
        self._sealed: dict[int, list[Reasoning]] = {}

    def write(self, event: AnswerEvent) -> bytes:
        """Returns the bytes of one event; empty for one that the caller did not ask for."""
        data = self.chunk(event)
        return b"data: " + data + b"\n\n" if data else b""

    def end(self) -> bytes:
        """Returns the terminal event."""
        return DONE

    def chunk(self, event: AnswerEvent) -> bytes:
        """Returns the JSON of one chunk; empty if the event has no place in the format."""
        match event:
            case AnswerStarted():
                self._started = event
                return self._choice(0, {"role": "assistant"})
            case ChoiceFinished(choice, reason):
                return self._choice(choice, {}, reason.value)
            case UsageReported(usage):
                return self._document([], write_usage(usage)) if self._wants_usage else b""
            case _:
                delta = self._delta(event)
                return self._choice(event.choice, delta) if delta else b""

    def _delta(self, event: ContentEvent) -> dict[str, Any]:
        match event:
            case TextDelta(_, text):
                return {"content": text}
            case ToolCallStarted():
                return {"tool_calls": [self._call(event)]}
            case ToolArgumentsDelta(_, index, arguments):
                return {"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}
            case ReasoningDelta(choice, text):
                self._keep(choice, text)
                return {"reasoning_content": text}
            case RefusalDelta(_, text):
                return {"refusal": text}
            case CitationAdded(_, citation):
                return {"annotations": [_annotation(citation)]}
            case ReasoningEnded():
                self._seal(event)
                return {}
            case _:
                return {}

    def _call(self, event: ToolCallStarted) -> dict[str, Any]:
        call = ToolCall(event.id, event.name, "", event.signature)
        return {
            "index": event.call,
            "id": seal_call(call, tuple(self._sealed.pop(event.choice, ()))),
            "type": "function",
            "function": {"name": event.name, "arguments": ""},
        }

    def _keep(self, choice: int, text: str) -> None:
        self._left -= len(text)
        if self._left >= 0:
            self._reasoning.setdefault(choice, []).append(text)

    def _seal(self, event: ReasoningEnded) -> None:
        """Keeps the part until the next tool call, whose id carries it."""
        text = "".join(self._reasoning.pop(event.choice, ()))
        if event.signature or event.encrypted:
            part = Reasoning(text, event.signature, event.encrypted, event.id, self._dialect)
            self._sealed.setdefault(event.choice, []).append(part)

    def _choice(self, index: int, delta: dict[str, Any], reason: str | None = None) -> bytes:
        return self._document([{"index": index, "delta": delta, "finish_reason": reason}], None)

    def _document(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None) -> bytes:
        return _encoder.encode(
            {
                "id": self._started.id,
                "object": "chat.completion.chunk",
                "created": self._started.created_s,
                "model": self._started.model,
                "choices": choices,
                **({} if usage is None else {"usage": usage}),
            }
        )


def render_answer(events: Iterable[AnswerEvent], dialect: str) -> bytes:
    """Writes a whole answer of a provider with another dialect."""
    return write_answer(collect(events, dialect))


def write_answer(answer: WholeAnswer) -> bytes:
    """Writes a whole answer."""
    return _encoder.encode(
        {
            "id": answer.id,
            "object": "chat.completion",
            "created": answer.created_s,
            "model": answer.model,
            "choices": [_write_choice(at, each) for at, each in enumerate(answer.choices)],
            "usage": None if answer.usage is None else write_usage(answer.usage),
        }
    )


def _write_choice(index: int, choice: AnswerChoice) -> dict[str, Any]:
    reason = choice.reason.value if choice.reason else None
    return {"index": index, "message": _write_message(choice), "finish_reason": reason}


def _write_message(choice: AnswerChoice) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    before: list[Reasoning] = []
    for part in choice.parts:
        match part:
            case Text(text, citations):
                _append(message, "content", text)
                annotations = [_annotation(citation) for citation in citations]
                message["annotations"] = [*message.get("annotations", ()), *annotations]
            case Refusal(text):
                _append(message, "refusal", text)
            case Reasoning(text):
                _append(message, "reasoning_content", text)
                before.append(part)
            case ToolCall(_, name, arguments):
                function = {"name": name, "arguments": arguments}
                call = {"id": seal_call(part, _signed(before)), "type": "function"}
                message.setdefault("tool_calls", []).append({**call, "function": function})
                before.clear()
            case _:
                pass
    if not message.get("annotations"):
        message.pop("annotations", None)
    return message


def _append(message: dict[str, Any], name: str, text: str) -> None:
    message[name] = (message.get(name) or "") + text


def _signed(parts: list[Reasoning]) -> tuple[Reasoning, ...]:
    return tuple(part for part in parts if part.signature or part.encrypted)


def _annotation(citation: Citation) -> dict[str, Any]:
    source = {
        "url": citation.url,
        "title": citation.title,
        "start_index": max(citation.start, 0),
        "end_index": max(citation.end, 0),
    }
    return {"type": "url_citation", "url_citation": source}


def write_usage(usage: Usage) -> dict[str, Any]:
    """Writes a `usage` object."""
    rare = {
        "cache_write_tokens": usage.cache_write_tokens,
        "image_tokens": usage.input_image_tokens,
    }
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "audio_tokens": usage.input_audio_tokens,
            **{name: count for name, count in rare.items() if count},
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": usage.output_audio_tokens,
        },
    }
