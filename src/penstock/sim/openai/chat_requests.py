"""Reads chat completion requests; errors name the invalid field.

Fields without effect here (temperature, top_p, …) are validated as OpenAI validates them.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from penstock.kernel.errors import InvalidRequest
from penstock.sim.counting import EFFORTS
from penstock.sim.openai.data_urls import IMAGE_TYPES, check_data_url
from penstock.sim.openai.decoding import decode
from penstock.sim.prompts import PromptTurn, SimPrompt, SimTool, TurnRole
from penstock.sim.tool_schemas import schema_error

_Positive = Annotated[int, Meta(ge=1)]
_Name = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]


class ImageUrl(Struct):
    url: str


class Part(Struct):
    """A part of a message's content. Only the length of its text is used."""

    type: str
    text: str = ""
    image_url: ImageUrl | None = None


class GivenFunction(Struct):
    name: Annotated[str, Meta(min_length=1)]
    arguments: str


class GivenCall(Struct):
    """A call of an earlier answer."""

    id: Annotated[str, Meta(min_length=1)]
    type: Literal["function"]
    function: GivenFunction


class ChatMessage(Struct):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    tool_calls: Raw = Raw(b"")
    tool_call_id: str | None = None


class Function(Struct):
    """A function that the model may call. `parameters` is a JSON schema."""

    name: _Name
    parameters: dict[str, Any] = {}


class ChatTool(Struct):
    """A tool that the model may call."""

    type: Literal["function"]
    function: Function


class NamedFunction(Struct):
    name: str


class NamedTool(Struct, tag_field="type", tag="function"):
    """The tool that `tool_choice` requires."""

    function: NamedFunction

    @property
    def names(self) -> tuple[str, ...]:
        return (self.function.name,)

    @property
    def mode(self) -> Literal["auto", "required"]:
        return "required"


class AllowedFunctions(Struct):
    mode: Literal["auto", "required"]
    tools: list[NamedTool]


class AllowedToolsChoice(Struct, tag_field="type", tag="allowed_tools"):
    """The tools that `tool_choice` allows or requires."""

    allowed_tools: AllowedFunctions

    @property
    def names(self) -> tuple[str, ...]:
        return tuple([tool.function.name for tool in self.allowed_tools.tools])

    @property
    def mode(self) -> Literal["auto", "required"]:
        return self.allowed_tools.mode


class JsonSchema(Struct):
    """The schema in `response_format.json_schema`."""

    name: _Name
    schema: dict[str, Any] = {}


class ResponseFormat(Struct):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(Struct):
    include_usage: bool = False


class ChatRequest(Struct):
    """The body of `POST /v1/chat/completions`. `messages` and `tools` stay raw: they seed the
    answer."""

    model: Annotated[str, Meta(min_length=1)]
    messages: Raw
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    max_tokens: _Positive | None = None
    max_completion_tokens: _Positive | None = None
    stop: str | Annotated[list[str], Meta(max_length=4)] | None = None
    tools: Raw = Raw(b"[]")
    tool_choice: Literal["none", "auto", "required"] | NamedTool | AllowedToolsChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    seed: int | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    metadata: dict[str, str] | None = None

    @property
    def limit(self) -> int | None:
        """The maximum number of tokens of a choice."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def stops(self) -> tuple[str, ...]:
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())


@dataclass(frozen=True, slots=True)
class Chat:
    """A checked chat request, and its neutral reading."""

    request: ChatRequest
    prompt: SimPrompt


REASONERS: Final = ("sim-reasoner", "o1", "o3", "o4", "gpt-5")
_ROLES: Final[dict[str, TurnRole]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}

_chat: Final = msgspec.json.Decoder(ChatRequest)
_messages: Final = msgspec.json.Decoder(list[ChatMessage])
_calls: Final = msgspec.json.Decoder(list[GivenCall])
_tools: Final = msgspec.json.Decoder(list[ChatTool])


def read_chat(body: bytes) -> Chat:
    """Decodes a chat request. Raises `InvalidRequest` with the field in `param`."""
    request = decode(_chat, body, "")
    messages = decode(_messages, request.messages, "messages")
    tools = [] if bytes(request.tools) == b"null" else decode(_tools, request.tools, "tools")
    _check(request, messages, tools)
    return Chat(request, _prompt(request, messages, tools))


def _check(request: ChatRequest, messages: list[ChatMessage], tools: list[ChatTool]) -> None:
    """Checks OpenAI's rules about several fields together."""
    if not messages:
        raise InvalidRequest("'messages' must not be empty.", param="messages")
    if request.stream_options is not None and not request.stream:
        raise InvalidRequest(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )
    if request.tool_choice not in (None, "none", "auto") and not tools:
        raise InvalidRequest("'tool_choice' is only allowed with 'tools'.", param="tool_choice")
    _check_choice(request.tool_choice, {tool.function.name for tool in tools})
    if (shape := request.response_format) and shape.type == "json_schema" and not shape.json_schema:
        raise InvalidRequest(
            "Missing required parameter: 'response_format.json_schema'.",
            param="response_format.json_schema",
        )
    _check_schemas(request, tools)
    _check_images(messages)
    for index, message in enumerate(messages):
        if message.role == "tool" and message.tool_call_id is None:
            place = f"messages[{index}].tool_call_id"
            raise InvalidRequest(f"Missing required parameter: '{place}'.", param=place)
    _check_calls(messages)


def _check_choice(choice: Any, tools: set[str]) -> None:
    if not isinstance(choice, NamedTool | AllowedToolsChoice):
        return
    for name in choice.names:
        if name not in tools:
            raise InvalidRequest(f"Tool choice {name!r} is not among 'tools'.", param="tool_choice")


def _check_images(messages: list[ChatMessage]) -> None:
    for index, message in enumerate(messages):
        parts = message.content if isinstance(message.content, list) else []
        for number, part in enumerate(parts):
            if part.image_url is not None:
                place = f"messages[{index}].content[{number}].image_url"
                check_data_url(place, part.image_url.url, IMAGE_TYPES)


def _check_calls(messages: list[ChatMessage]) -> None:
    """Checks that the results of tools follow their calls, and answer each of them."""
    waiting: list[str] = []
    for index, message in enumerate(messages):
        if message.role == "tool":
            if message.tool_call_id not in waiting:
                raise InvalidRequest(
                    "Invalid parameter: messages with role 'tool' must be a response to a "
                    "preceeding message with 'tool_calls'.",
                    param=f"messages[{index}].role",
                )
            waiting.remove(message.tool_call_id)
            continue
        _check_answered(index, waiting)
        if len(message.tool_calls) and bytes(message.tool_calls) != b"null":
            calls = decode(_calls, message.tool_calls, f"messages[{index}].tool_calls")
            waiting = [call.id for call in calls]
    _check_answered(len(messages), waiting)


def _check_answered(index: int, waiting: list[str]) -> None:
    if waiting:
        raise InvalidRequest(
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            f"{', '.join(waiting)}",
            param=f"messages[{index}].role",
        )


def _check_schemas(request: ChatRequest, tools: list[ChatTool]) -> None:
    for index, tool in enumerate(tools):
        if wrong := schema_error(tool.function.parameters):
            raise InvalidRequest(
                f"Invalid schema for function '{tool.function.name}': {wrong}.",
                code="invalid_function_parameters",
                param=f"tools[{index}].function.parameters",
            )
    shape = request.response_format.json_schema if request.response_format else None
    if shape and (wrong := schema_error(shape.schema)):
        raise InvalidRequest(
            f"Invalid schema for response_format '{shape.name}': {wrong}.",
            param="response_format",
        )


def _prompt(request: ChatRequest, messages: list[ChatMessage], tools: list[ChatTool]) -> SimPrompt:
    choice = request.tool_choice
    if isinstance(choice, NamedTool | AllowedToolsChoice):
        tools = [tool for tool in tools if tool.function.name in choice.names]
        choice = choice.mode
    return SimPrompt(
        model=request.model,
        identity=(str(request.seed), request.model, bytes(request.messages), bytes(request.tools)),
        turns=[_turn(message) for message in messages],
        tools=[SimTool(tool.function.name, tool.function.parameters) for tool in tools],
        tools_size=len(request.tools) if tools else 0,
        tool_use=choice or "auto",
        parallel_calls=request.parallel_tool_calls is not False,
        schema=_schema(request.response_format),
        limit=request.limit,
        stops=request.stops,
        choices=request.n or 1,
        reasoning_tokens=_reasoning(request),
    )


def _turn(message: ChatMessage) -> PromptTurn:
    calls = len(message.tool_calls)
    if isinstance(message.content, str):
        return PromptTurn(_ROLES[message.role], (message.content,), calls)
    parts = message.content or ()
    texts = [part.text for part in parts if part.type == "text"]
    return PromptTurn(_ROLES[message.role], texts, calls, media=len(parts) - len(texts))


def _schema(shape: ResponseFormat | None) -> dict[str, Any] | None:
    if shape is None or shape.type == "text":
        return None
    return shape.json_schema.schema if shape.json_schema else {}


def _reasoning(request: ChatRequest) -> int:
    if request.reasoning_effort is not None:
        return EFFORTS[request.reasoning_effort]
    return EFFORTS["medium"] if request.model.startswith(REASONERS) else 0
