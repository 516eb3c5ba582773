"""Reads a call's request and response: previews when it is stored, messages and parameters when it
is shown."""

from collections.abc import Callable
from typing import Final, NamedTuple

from penstock.features.traces import messages
from penstock.features.traces.messages import Message
from penstock.features.traces.payload import Json, decode, mapping
from penstock.features.traces.requests import request_attributes, tool_definitions

PREVIEW_CHARS: Final = 200


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
    return _preview(request, messages.last_input)


def output_preview(response: str) -> str:
    """Returns the start of the first output message. Never raises."""
    return _preview(response, messages.first_output)


def _messages(text: str, value: Json, convert: Callable[[Json], list[Message]]) -> list[Message]:
    if not text:
        return []
    return messages.unparsed(text) if value is None else convert(value)


def _preview(text: str, choose: Callable[[Json], Message | None]) -> str:
    value = decode(text)
    if value is None:
        return text[:PREVIEW_CHARS]
    message = choose(value)
    return messages.text_of(message)[:PREVIEW_CHARS] if message else ""
