"""Cohere's rules about several members together: the order of a history, tools, formats."""

from collections.abc import Sequence

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.sim.cohere.requests import (
    CohereAssistant,
    CohereCall,
    CohereChatRequest,
    CohereImage,
    CohereMessage,
    CohereResult,
    CohereTool,
    CohereUser,
)
from penstock.sim.openai.data_urls import IMAGE_TYPES, check_data_url
from penstock.sim.tool_schemas import schema_error


def check_tools(request: CohereChatRequest, tools: Sequence[CohereTool]) -> None:
    """Checks tools and format. Raises `InvalidRequest`."""
    names = [tool.function.name for tool in tools]
    if len(set(names)) < len(names):
        raise InvalidRequest("invalid request: tool names must be unique")
    for tool in tools:
        schema = tool.function.parameters
        wrong = schema_error(schema) or ("" if schema.get("type") == "object" else "type: object")
        if wrong:
            raise InvalidRequest(
                f"invalid request: tool '{tool.function.name}' has invalid parameters: {wrong}"
            )
    if request.tool_choice and not tools:
        raise InvalidRequest("invalid request: tool_choice requires tools")
    shape = request.response_format
    if shape is None:
        return
    if shape.type == "json_object" and (tools or request.documents):
        raise InvalidRequest("invalid request: response_format does not work with tools")
    if shape.json_schema is not None and (
        wrong := schema_error(shape.json_schema) or ("" if shape.type != "text" else "type: text")
    ):
        raise InvalidRequest(f"invalid request: response_format: {wrong}")


def check_history(messages: Sequence[CohereMessage]) -> None:
    """Checks that each call has its result at once, and no result is without its call. Raises
    `InvalidRequest`."""
    if not messages:
        raise InvalidRequest("invalid request: messages must not be empty")
    waiting: set[str] = set()
    for at, message in enumerate(messages):
        if isinstance(message, CohereResult):
            if message.tool_call_id not in waiting:
                raise InvalidRequest(
                    f"invalid request: messages[{at}]: no call has the id '{message.tool_call_id}'"
                )
            waiting.remove(message.tool_call_id)
            continue
        _check_answered(waiting)
        if isinstance(message, CohereAssistant):
            waiting = _calls(at, message)
        elif isinstance(message, CohereUser):
            _check_media(at, message)
    _check_answered(waiting)
    if not isinstance(messages[-1], CohereUser | CohereResult):
        raise InvalidRequest("invalid request: the last message must be of the user or a tool")


def _check_answered(waiting: set[str]) -> None:
    if waiting:
        raise InvalidRequest(f"invalid request: no result for the calls {sorted(waiting)}")


def _calls(at: int, message: CohereAssistant) -> set[str]:
    calls = message.tool_calls or []
    if not calls and not message.content:
        raise InvalidRequest(f"invalid request: messages[{at}] has neither content nor tool calls")
    for call in calls:
        _check_arguments(at, call)
    ids = {call.id for call in calls}
    if len(ids) < len(calls):
        raise InvalidRequest(f"invalid request: messages[{at}]: ids of calls must be unique")
    return ids


def _check_arguments(at: int, call: CohereCall) -> None:
    try:
        msgspec.json.decode(call.function.arguments, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        raise InvalidRequest(
            f"invalid request: messages[{at}]: arguments must be a JSON object"
        ) from None


def _check_media(at: int, message: CohereUser) -> None:
    if isinstance(message.content, str):
        return
    if not message.content:
        raise InvalidRequest(f"invalid request: messages[{at}] has no content")
    for part in message.content:
        if isinstance(part, CohereImage):
            check_data_url(f"messages[{at}].image_url", part.image_url.url, IMAGE_TYPES)
