"""Reads a call's request and response: previews when it is stored, messages and parameters when it
is shown."""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

import msgspec

from penstock.features.traces import messages
from penstock.features.traces.messages import Message
from penstock.features.traces.payload import Json, decode, is_too_large, mapping
from penstock.features.traces.requests import request_attributes, tool_definitions

PREVIEW_CHARS: Final = 200


# A preview needs one message, so that the others are skipped and not decoded.
class _Request(msgspec.Struct, gc=False):
    messages: list[msgspec.Raw] | None = None
    input: msgspec.Raw = msgspec.Raw(b"null")


class _Response(msgspec.Struct, gc=False):
    choices: list[msgspec.Raw] | None = None


Part = TypeVar("Part", _Request, _Response)


class Content(NamedTuple):
    """The content of a call as OpenTelemetry GenAI messages. Empty if nothing was captured."""

    input: list[Message]
    output: list[Message]
    tools: list[Json]
    attributes: dict[str, Json]


def read_content(request: str, response: str) -> Content:
    """Converts both payloads. Never raises: a payload that is not JSON becomes one `unparsed`
    message."""
    asked, answered = decode(request), decode(response)
    body = mapping(asked)
    return Content(
        input=_messages(request, asked, messages.input_messages),
        output=_messages(response, answered, messages.output_messages),
        tools=tool_definitions(body),
        attributes=request_attributes(body),
    )


def input_preview(request: str) -> str:
    """Returns the start of the last input message. Never raises."""
    asked = _read(request, _Request)
    if asked is None:
        return request[:PREVIEW_CHARS]
    if asked.messages is None:
        return _start(messages.embedded_text(_value(asked.input)))
    return _start(messages.chat_message(_value(asked.messages[-1]))) if asked.messages else ""


def output_preview(response: str) -> str:
    """Returns the start of the first output message. Never raises."""
    answered = _read(response, _Response)
    if answered is None:
        return response[:PREVIEW_CHARS]
    choices = answered.choices
    return _start(messages.chosen_message(_value(choices[0]))) if choices else ""


def _messages(text: str, value: Json, convert: Callable[[Json], list[Message]]) -> list[Message]:
    if not text:
        return []
    return messages.unparsed(text) if value is None else convert(value)


def _read(text: str, part: type[Part]) -> Part | None:
    """Returns the part of a payload that a preview needs; `None` if it has another shape."""
    if not text or is_too_large(text):
        return None
    try:
        return msgspec.json.decode(text, type=part)
    except (ValueError, RecursionError):
        return None


def _value(raw: msgspec.Raw) -> Json:
    return decode(bytes(raw).decode())


def _start(message: Message | None) -> str:
    return messages.text_of(message)[:PREVIEW_CHARS] if message else ""
