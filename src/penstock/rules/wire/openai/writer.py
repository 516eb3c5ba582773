"""Writes neutral events as OpenAI's chunks, or as a whole answer."""

import sys
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from penstock.rules.answer import (
    AnswerEvent,
    AnswerStarted,
    ChoiceFinished,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
)
from penstock.rules.call import Usage
from penstock.rules.wire.openai.chunks import Assembly, read_chunk
from penstock.rules.wire.openai.stream import DONE

_encoder: Final = msgspec.json.Encoder()


class ChunkWriter:
    """Writes the events of one answer as a stream of chunks."""

    def __init__(self, *, wants_usage: bool) -> None:
        self._wants_usage = wants_usage
        self._started = AnswerStarted("", "")

    def write(self, event: AnswerEvent) -> bytes:
        """Returns the bytes of one event; empty for one that the caller did not ask for."""
        data = self.chunk(event)
        return b"data: " + data + b"\n\n" if data else b""

    def end(self) -> bytes:
        """Returns the terminal event."""
        return DONE

    def chunk(self, event: AnswerEvent) -> bytes:
        """Returns the JSON of one chunk."""
        match event:
            case AnswerStarted():
                self._started = event
                return self._choice(0, {"role": "assistant"})
            case TextDelta(choice, text):
                return self._choice(choice, {"content": text})
            case ToolCallStarted(choice, index, id_, name):
                function = {"name": name, "arguments": ""}
                call = {"index": index, "id": id_, "type": "function", "function": function}
                return self._choice(choice, {"tool_calls": [call]})
            case ToolArgumentsDelta(choice, index, arguments):
                call = {"index": index, "function": {"arguments": arguments}}
                return self._choice(choice, {"tool_calls": [call]})
            case ChoiceFinished(choice, reason):
                return self._choice(choice, {}, reason.value)
            case UsageReported(usage):
                return self._document([], write_usage(usage)) if self._wants_usage else b""

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


def render_answer(events: Iterable[AnswerEvent]) -> bytes:
    """Writes a whole answer."""
    writer, assembly = ChunkWriter(wants_usage=True), Assembly(sys.maxsize)
    for event in events:
        assembly.add(read_chunk(writer.chunk(event)))
    return assembly.document()


def write_usage(usage: Usage) -> dict[str, Any]:
    """Writes a `usage` object."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "audio_tokens": usage.input_audio_tokens,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": usage.output_audio_tokens,
        },
    }
