"""The Converse API's rules about several members together: turns, calls and results, tools."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET

from penstock.kernel.errors import InvalidRequest
from penstock.sim.bedrock.requests import (
    ConverseBlock,
    ConverseImage,
    ConverseMessage,
    ConverseReasoning,
    ConverseRequest,
    ConverseSource,
    set_members,
)
from penstock.sim.media_checks import decoded, seen_type
from penstock.sim.signatures import is_signed
from penstock.sim.tool_schemas import schema_error

_ASSISTANT: Final = frozenset(["tool_use", "reasoning_content"])
_USER: Final = frozenset(["tool_result", "image", "document", "video", "audio"])


def check_request(request: ConverseRequest) -> None:
    """Checks system blocks, tools and the output format. Raises `InvalidRequest`."""
    for at, block in enumerate(request.system):
        _check_union(f"system.{at}", block)
    config = request.tool_config
    if config is not None:
        specs = [tool.tool_spec for tool in config.tools if tool.tool_spec is not UNSET]
        names = [spec.name for spec in specs]  # pyright: ignore[reportAttributeAccessIssue] - not UNSET
        if len(set(names)) < len(names):
            raise InvalidRequest("The names of tools in toolConfig.tools must be unique.")
        for at, tool in enumerate(config.tools):
            _check_union(f"toolConfig.tools.{at}", tool)
        for spec in specs:
            _check_schema(f"toolConfig.tools.{spec.name}", spec.input_schema.json)  # pyright: ignore[reportAttributeAccessIssue] - not UNSET
        _check_choice(config.tool_choice, names)
    if (shape := request.output_config.text_format) is not None:
        output_schema(shape.structure.json_schema.schema)


def output_schema(text: str) -> dict[str, Any]:
    """Decodes a schema that is given as text. Raises `InvalidRequest`."""
    place = "outputConfig.textFormat.structure.jsonSchema.schema"
    try:
        schema = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise InvalidRequest(f"{place} is not the JSON of an object.") from None
    _check_schema(place, schema)
    return schema


def check_history(request: ConverseRequest, messages: Sequence[ConverseMessage]) -> None:
    """Checks the turns. Raises `InvalidRequest`."""
    if not messages or messages[0].role != "user":
        raise InvalidRequest("A conversation must start with a user message.")
    if messages[-1].role != "user":
        raise InvalidRequest("A conversation must end with a user message.")
    waiting: list[str] = []
    for at, message in enumerate(messages):
        if at and messages[at - 1].role == message.role:
            raise InvalidRequest(
                "A conversation must alternate between user and assistant roles. Make sure the "
                "conversation alternates between user and assistant roles and try again."
            )
        for number, block in enumerate(message.content):
            _check_block(f"messages.{at}.content.{number}", message.role, block)
        _check_documents(at, message)
        _check_results(at, message, waiting)
        waiting = list(_ids(message, "tool_use"))
        if len(set(waiting)) < len(waiting):
            raise InvalidRequest(f"messages.{at}.content contains duplicate Ids: {waiting}")
    if request.tool_config is None and any(_all_calls(messages)):
        raise InvalidRequest(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks."
        )


def _all_calls(messages: Sequence[ConverseMessage]) -> Iterator[str]:
    for message in messages:
        yield from _ids(message, "tool_use")


def _ids(message: ConverseMessage, member: str) -> Iterator[str]:
    for block in message.content:
        if (found := getattr(block, member)) is not UNSET:
            yield found.tool_use_id


def _check_results(at: int, message: ConverseMessage, waiting: Sequence[str]) -> None:
    found = list(_ids(message, "tool_result"))
    results = set(found)
    if missing := [each for each in waiting if each not in results]:
        raise InvalidRequest(
            f"Expected toolResult blocks at messages.{at}.content for the following Ids: "
            f"{', '.join(missing)}"
        )
    if len(found) > len(waiting):
        raise InvalidRequest(
            f"The number of toolResult blocks at messages.{at}.content exceeds the number of "
            "toolUse blocks of previous turn."
        )


def _check_block(place: str, role: str, block: ConverseBlock) -> None:
    (name,) = _check_union(place, block)
    if name in (_USER if role == "assistant" else _ASSISTANT):
        raise InvalidRequest(f"{place}: messages of the role {role} cannot contain {name}.")
    value = getattr(block, name)
    if name == "text" and (not value or value.isspace()):
        raise InvalidRequest(f"The text field in the ContentBlock object at {place} is blank.")
    if name == "image":
        _check_image(place, value)
    elif name in _USER and name != "tool_result":
        _check_source(place, value.source)
    elif name == "reasoning_content":
        _check_reasoning(place, value)
    elif name == "tool_result":
        for number, each in enumerate(value.content):
            inside = f"{place}.toolResult.content.{number}"
            _check_union(inside, each)
            if each.image is not UNSET:
                _check_image(inside, each.image)


def _check_union(place: str, block: msgspec.Struct) -> list[str]:
    members = set_members(block)
    if len(members) != 1:
        raise InvalidRequest(f"{place} must have exactly one member, but has {len(members)}.")
    return members


def _check_image(place: str, image: ConverseImage) -> None:
    data = _check_source(place, image.source)
    seen = seen_type(data) if data else ""
    if seen and seen != f"image/{image.format}":
        raise InvalidRequest(f"{place}: the image is not of the format {image.format}.")


def _check_source(place: str, source: ConverseSource) -> bytes | None:
    if _check_union(f"{place}.source", source) != ["bytes"]:
        return None
    if (data := decoded(str(source.bytes))) is None:
        raise InvalidRequest(f"{place}.source.bytes is not valid base64.")
    return data


def _check_reasoning(place: str, reasoning: ConverseReasoning) -> None:
    _check_union(place, reasoning)
    text = reasoning.reasoning_text
    if isinstance(text, msgspec.Struct) and not is_signed(
        text.signature or "", "converse", text.text
    ):
        raise InvalidRequest(f"{place}: Invalid `signature` in `thinking` block")


def _check_documents(at: int, message: ConverseMessage) -> None:
    names = [name for block in message.content for name in set_members(block)]
    if "document" in names and "text" not in names:
        raise InvalidRequest(
            f"messages.{at}: a text block is required in a message that contains documents."
        )


def _check_schema(place: str, schema: dict[str, Any]) -> None:
    wrong = schema_error(schema) or ("" if schema.get("type") == "object" else "type: object")
    if wrong:
        raise InvalidRequest(f"The value at {place} is invalid: {wrong}")


def _check_choice(choice: Any, names: Sequence[str]) -> None:
    if choice is None:
        return
    _check_union("toolConfig.toolChoice", choice)
    if choice.tool is not UNSET and choice.tool.name not in names:
        raise InvalidRequest(f"toolConfig.toolChoice names an unknown tool: {choice.tool.name}")
