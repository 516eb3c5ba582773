"""Converts a call's request and response into columns: messages, previews, parameters."""

from collections.abc import Callable
from typing import NamedTuple

from penstock.features.traces import messages
from penstock.features.traces.messages import Message
from penstock.features.traces.payload import Json, decode, encode, mapping
from penstock.features.traces.requests import request_attributes, tool_definitions


class Content(NamedTuple):
    """The content columns of a span. Messages are JSON text, empty if nothing was captured."""

    input: str
    output: str
    input_preview: str
    output_preview: str
    tools: str
    attributes: dict[str, str]
    request: str
    response: str


def read_content(request: str, response: str) -> Content:
    """Converts both payloads. Never raises: a payload that is not JSON becomes one `unparsed`
    message."""
    asked, answered = decode(request), decode(response)
    given = _messages(request, asked, messages.input_messages)
    gave = _messages(response, answered, messages.output_messages)
    body = mapping(asked)
    return Content(
        input=encode(given) if given else "",
        output=encode(gave) if gave else "",
        input_preview=messages.preview(given[-1]) if given else "",
        output_preview=messages.preview(gave[0]) if gave else "",
        tools=tool_definitions(body),
        attributes=request_attributes(body),
        request=request,
        response=response,
    )


def _messages(text: str, value: Json, convert: Callable[[Json], list[Message]]) -> list[Message]:
    if not text:
        return []
    return messages.unparsed(text) if value is None else convert(value)
