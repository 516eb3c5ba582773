"""Writes a whole answer in the shape of Bedrock's Converse API, for the record of a stream."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from penstock.rules.call import Usage
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import FinishReason, WholeAnswer
from penstock.rules.neutral.conversation import Part, Reasoning, Refusal, Text, ToolCall

_encoder: Final = msgspec.json.Encoder()
_any: Final = msgspec.json.Decoder(msgspec.Raw)
_REASONS: Final = {
    FinishReason.STOP: "end_turn",
    FinishReason.TOOL_CALLS: "tool_use",
    FinishReason.LENGTH: "max_tokens",
    FinishReason.CONTENT_FILTER: "content_filtered",
}


def write_answer(answer: WholeAnswer) -> bytes:
    """Writes the only choice of an answer."""
    choice = answer.choices[0] if answer.choices else None
    content = [block for part in choice.parts for block in _blocks(part)] if choice else []
    document: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": _REASONS.get(choice.reason, "") if choice and choice.reason else "",
    }
    if answer.usage is not None:
        document["usage"] = _usage(answer.usage)
    return _encoder.encode(document)


def _blocks(part: Part) -> Iterator[dict[str, Any]]:
    match part:
        case Text(text) | Refusal(text):
            yield {"text": text}
        case ToolCall():
            use = {"toolUseId": part.id, "name": part.name, "input": _arguments(part.arguments)}
            yield {"toolUse": use}
        case Reasoning(encrypted=encrypted) if encrypted:
            yield {"reasoningContent": {"redactedContent": encrypted}}
        case Reasoning():
            text = {"text": part.text, "signature": part.signature}
            yield {"reasoningContent": {"reasoningText": text}}
        case _:
            pass


def _arguments(text: str) -> Any:
    """The arguments as they are; as a text if the stream was cut inside them. They are not decoded:
    what can be decoded can still be nested too deeply to be encoded one level deeper."""
    if not text:
        return {}
    document = text.encode("utf-8", "replace")
    try:
        decode_json(_any, document)
    except msgspec.DecodeError:
        return text
    return msgspec.Raw(document)


def _usage(usage: Usage) -> dict[str, Any]:
    own = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
    hour = usage.cache_write_1h_tokens
    details = [{"ttl": "1h", "inputTokens": hour}] if hour else []
    return {
        "inputTokens": own,
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.input_tokens + usage.output_tokens,
        "cacheReadInputTokens": usage.cache_read_tokens,
        "cacheWriteInputTokens": usage.cache_write_tokens,
        "cacheDetails": details,
    }
