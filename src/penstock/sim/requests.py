"""Reads OpenAI requests; errors name the invalid field.

Fields without effect here (temperature, top_p, …) are validated as OpenAI validates them.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from penstock.kernel.errors import InvalidRequest

_Positive = Annotated[int, Meta(ge=1)]
_Name = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]


class Part(Struct):
    """A part of a message's content. Only the length of its text is used."""

    type: str
    text: str = ""


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


class NamedTool(Struct):
    """The tool that `tool_choice` requires."""

    type: Literal["function"]
    function: NamedFunction


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
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
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
    """A fully decoded chat request."""

    request: ChatRequest
    messages: list[ChatMessage]
    tools: list[ChatTool]


class EmbeddingsRequest(Struct):
    """The body of `POST /v1/embeddings`: texts, or texts as token numbers."""

    model: Annotated[str, Meta(min_length=1)]
    input: str | list[str | int | list[int]]
    dimensions: Annotated[int, Meta(ge=1, le=8192)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    metadata: dict[str, str] | None = None

    @property
    def texts(self) -> list[str | list[int]]:
        """The texts to embed. A list of numbers is one text."""
        if isinstance(self.input, str):
            return [self.input]
        numbers = [item for item in self.input if isinstance(item, int)]
        return [numbers] if numbers else [item for item in self.input if not isinstance(item, int)]


_T = TypeVar("_T")
_AT: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_MISSING: Final = re.compile(r"missing required field `(?P<name>[^`]*)`")

_chat: Final = msgspec.json.Decoder(ChatRequest)
_embeddings: Final = msgspec.json.Decoder(EmbeddingsRequest)
_messages: Final = msgspec.json.Decoder(list[ChatMessage])
_tools: Final = msgspec.json.Decoder(list[ChatTool])


def read_chat(body: bytes) -> Chat:
    """Decodes a chat request. Raises `InvalidRequest` with the field in `param`."""
    request = _decode(_chat, body, "")
    messages = _decode(_messages, request.messages, "messages")
    tools = [] if bytes(request.tools) == b"null" else _decode(_tools, request.tools, "tools")
    _check(request, messages, tools)
    return Chat(request, messages, tools)


def read_embeddings(body: bytes) -> EmbeddingsRequest:
    """Decodes an embeddings request. Raises `InvalidRequest` with the field in `param`."""
    request = _decode(_embeddings, body, "")
    if not request.texts or not all(request.texts):
        raise InvalidRequest("'input' must not be empty.", param="input")
    return request


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
    if isinstance(choice := request.tool_choice, NamedTool) and choice.function.name not in {
        tool.function.name for tool in tools
    }:
        raise InvalidRequest(
            f"Tool choice {choice.function.name!r} is not among 'tools'.", param="tool_choice"
        )
    if (shape := request.response_format) and shape.type == "json_schema" and not shape.json_schema:
        raise InvalidRequest(
            "Missing required parameter: 'response_format.json_schema'.",
            param="response_format.json_schema",
        )
    for index, message in enumerate(messages):
        if message.role == "tool" and message.tool_call_id is None:
            place = f"messages[{index}].tool_call_id"
            raise InvalidRequest(f"Missing required parameter: '{place}'.", param=place)


def _decode(decoder: msgspec.json.Decoder[_T], data: bytes | Raw, base: str) -> _T:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        text = str(error)
        place = _place(text, base)
        raise InvalidRequest(
            f"Invalid value for '{place}': {_AT.sub('', text)}.", code="invalid_value", param=place
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            f"We could not parse the JSON body of your request: {error}.", code="invalid_json"
        ) from None


def _place(text: str, base: str) -> str:
    """Turns msgspec's `$[0].role` below `base` into `messages[0].role`."""
    path = found["path"] if (found := _AT.search(text)) else ""
    if missing := _MISSING.search(text):
        path = f"{path}.{missing['name']}" if path else missing["name"]
    joint = "" if not base or not path or path.startswith("[") else "."
    return f"{base}{joint}{path}" or "body"
