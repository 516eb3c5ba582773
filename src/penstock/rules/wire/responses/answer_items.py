"""Writes the items of an answer and the answer around them, whole or in progress."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from penstock.rules.call import Usage
from penstock.rules.neutral.answer import AnswerStarted, FinishReason
from penstock.rules.neutral.conversation import (
    Citation,
    Media,
    MediaKind,
    Other,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from penstock.rules.wire.responses.request_reader import DIALECT
from penstock.rules.wire.responses.usage import write_usage
from penstock.rules.wire.sealed_reasoning import seal_call, seal_reasoning

Item = dict[str, Any]
_INCOMPLETE: Final = {
    FinishReason.LENGTH: "max_output_tokens",
    FinishReason.CONTENT_FILTER: "content_filter",
}


def message_item(id_: str, parts: Sequence[Text | Refusal], status: str) -> Item:
    """An assistant's message."""
    content = [content_part(part) for part in parts]
    item = {"id": id_, "type": "message", "status": status, "role": "assistant"}
    return {**item, "content": content}


def content_part(part: Text | Refusal) -> Item:
    """One part of a message."""
    if isinstance(part, Text):
        annotations = [annotation(one) for one in part.citations]
        text = {"type": "output_text", "text": part.text}
        return {**text, "annotations": annotations, "logprobs": []}
    return {"type": "refusal", "refusal": part.text}


def annotation(citation: Citation) -> Item:
    """The source of a text."""
    return {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title,
        "start_index": max(citation.start, 0),
        "end_index": max(citation.end, 0),
    }


def reasoning_item(id_: str, part: Reasoning) -> Item:
    """The model's reasoning. That of another dialect goes out as a summary, with the whole part
    sealed in `encrypted_content`."""
    own = part.dialect == DIALECT
    item: Item = {"id": part.id if own and part.id else id_, "type": "reasoning", "summary": []}
    if part.text and own and not part.summary:
        item["content"] = [{"type": "reasoning_text", "text": part.text}]
    elif part.text:
        item["summary"] = [{"type": "summary_text", "text": part.text}]
    encrypted = part.encrypted if own else seal_reasoning(part)
    return {**item, "encrypted_content": encrypted or None}


def call_item(id_: str, call: ToolCall, status: str) -> Item:
    """A call of a function. The signature of a call is sealed in its id."""
    item = {"id": id_, "type": "function_call", "status": status, "name": call.name}
    return {**item, "call_id": seal_call(call, ()), "arguments": call.arguments}


def image_item(id_: str, media: Media) -> Item | None:
    """An image that the model made; `None` for another medium, which the format does not have."""
    if media.kind is not MediaKind.IMAGE or not media.data:
        return None
    item = {"id": id_, "type": "image_generation_call", "status": "completed"}
    return {**item, "result": media.data}


def is_own(other: Other) -> bool:
    """Returns true for an item of this dialect."""
    return other.dialect == DIALECT and other.kind == "item"


def status_of(reason: FinishReason | None) -> str:
    """The status of an answer that ended for `reason`."""
    return "incomplete" if reason in _INCOMPLETE else "completed"


def response(
    started: AnswerStarted,
    status: str,
    output: Sequence[Any] = (),
    *,
    reason: FinishReason | None = None,
    usage: Usage | None = None,
    service_tier: str = "",
    echo: bytes = b"",
) -> Item:
    """The answer itself. The parameters of its request have their defaults, except for `text`,
    which is `echo`."""
    word = _INCOMPLETE.get(reason) if reason is not None else None
    return {
        "id": started.id,
        "object": "response",
        "created_at": started.created_s,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": word} if word else None,
        "instructions": None,
        "metadata": {},
        "model": started.model,
        "output": list(output),
        "parallel_tool_calls": True,
        "temperature": None,
        **({"text": msgspec.Raw(echo)} if echo else {}),
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        **({"service_tier": service_tier} if service_tier else {}),
        "usage": None if usage is None else write_usage(usage),
    }
