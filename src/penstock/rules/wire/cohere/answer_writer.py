"""Writes a whole answer in the shape of Cohere's chat API, for the record of a stream."""

from typing import Any, Final

import msgspec

from penstock.rules.neutral.answer import FinishReason, WholeAnswer
from penstock.rules.neutral.conversation import Citation, Part, Reasoning, Refusal, Text, ToolCall

_encoder: Final = msgspec.json.Encoder()
_REASONS: Final = {
    FinishReason.STOP: "COMPLETE",
    FinishReason.LENGTH: "MAX_TOKENS",
    FinishReason.TOOL_CALLS: "TOOL_CALL",
}


def write_answer(answer: WholeAnswer) -> bytes:
    """Writes the only choice of an answer."""
    choice = answer.choices[0] if answer.choices else None
    reason = _REASONS.get(choice.reason, "ERROR") if choice and choice.reason else None
    document: dict[str, Any] = {
        "id": answer.id,
        "finish_reason": reason,
        "message": _message(choice.parts if choice else ()),
    }
    if (usage := answer.usage) is not None:
        tokens = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
        document["usage"] = {"billed_units": tokens, "cached_tokens": usage.cache_read_tokens}
    return _encoder.encode(document)


def _message(parts: tuple[Part, ...]) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    citations: list[Citation] = []
    for part in parts:
        match part:
            case Text(text, cited):
                content.append({"type": "text", "text": text})
                citations += cited
            case Refusal(text):
                content.append({"type": "text", "text": text})
            case Reasoning(text):
                content.append({"type": "thinking", "thinking": text})
            case ToolCall():
                function = {"name": part.name, "arguments": part.arguments}
                calls.append({"id": part.id, "type": "function", "function": function})
            case _:
                pass
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = calls
    if citations:
        message["citations"] = [_citation(each) for each in citations]
    return message


def _citation(found: Citation) -> dict[str, Any]:
    source = [{"type": "document", "id": found.title}] if found.title else []
    return {
        "start": found.start,
        "end": found.end,
        "text": found.cited_text,
        "sources": source,
    }
