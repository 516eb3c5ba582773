"""Reads Cohere's chat requests (version 2). Unknown members are rejected."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from penstock.kernel.errors import InvalidRequest

_Share = Annotated[float, Meta(ge=0, le=1)]
_Text = Annotated[str, Meta(min_length=1)]


class _Strict(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class _Content(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    pass


class CohereText(_Content, frozen=True, tag="text"):
    text: str


class CohereThought(_Content, frozen=True, tag="thinking"):
    thinking: str


class CohereImageUrl(_Strict, frozen=True):
    url: _Text
    detail: Literal["auto", "low", "high"] | None = None


class CohereImage(_Content, frozen=True, tag="image_url"):
    image_url: CohereImageUrl


class CohereDocument(_Content, frozen=True, tag="document"):
    document: dict[str, Any]


class CohereCalled(_Strict, frozen=True):
    """Name and arguments (JSON text) of a call."""

    name: _Text
    arguments: str


class CohereCall(_Strict, frozen=True):
    """A call of an earlier answer."""

    id: _Text
    function: CohereCalled
    type: Literal["function"] = "function"


class _Turn(Struct, frozen=True, forbid_unknown_fields=True, tag_field="role"):
    pass


class CohereSystem(_Turn, frozen=True, tag="system"):
    content: str | list[CohereText]


class CohereUser(_Turn, frozen=True, tag="user"):
    content: str | list[CohereText | CohereImage]


class CohereAssistant(_Turn, frozen=True, tag="assistant"):
    content: str | list[CohereText | CohereThought] | None = None
    tool_calls: list[CohereCall] | None = None
    tool_plan: str | None = None
    citations: list[dict[str, Any]] | None = None


class CohereResult(_Turn, frozen=True, tag="tool"):
    tool_call_id: _Text
    content: str | list[CohereText | CohereDocument]


CohereMessage = CohereSystem | CohereUser | CohereAssistant | CohereResult


class CohereFunction(_Strict, frozen=True):
    name: Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    parameters: dict[str, Any]
    description: str | None = None


class CohereTool(_Strict, frozen=True):
    function: CohereFunction
    type: Literal["function"] = "function"


class CohereFormat(_Strict, frozen=True):
    """`json_schema` needs the type `json_object`."""

    type: Literal["text", "json_object"]
    json_schema: dict[str, Any] | None = None


class CohereThinking(_Strict, frozen=True):
    type: Literal["enabled", "disabled"]
    token_budget: Annotated[int, Meta(ge=1)] | None = None


class CohereCitations(_Strict, frozen=True):
    mode: Literal["ENABLED", "DISABLED", "FAST", "ACCURATE", "OFF"] | None = None


class CohereChatRequest(_Strict, frozen=True, kw_only=True):
    """The body of `POST /v2/chat`. `messages` and `tools` stay raw: they seed the answer."""

    model: _Text
    messages: Raw
    stream: bool = False
    tools: Raw = Raw(b"[]")
    strict_tools: bool | None = None
    tool_choice: Literal["REQUIRED", "NONE"] | None = None
    documents: list[str | dict[str, Any]] | None = None
    citation_options: CohereCitations | None = None
    response_format: CohereFormat | None = None
    safety_mode: Literal["CONTEXTUAL", "STRICT", "OFF"] | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    stop_sequences: Annotated[list[_Text], Meta(max_length=5)] = []
    temperature: _Share | None = None
    seed: Annotated[int, Meta(ge=0)] | None = None
    frequency_penalty: _Share | None = None
    presence_penalty: _Share | None = None
    k: Annotated[int, Meta(ge=0, le=500)] | None = None
    p: Annotated[float, Meta(ge=0.01, le=0.99)] | None = None
    logprobs: bool | None = None
    thinking: CohereThinking | None = None
    priority: Annotated[int, Meta(ge=0, le=999)] | None = None


_request: Final = msgspec.json.Decoder(CohereChatRequest)
_messages: Final = msgspec.json.Decoder(list[CohereMessage])
_tools: Final = msgspec.json.Decoder(list[CohereTool])


def read_request(body: bytes) -> CohereChatRequest:
    """Decodes the members of a request. Raises `InvalidRequest`."""
    return _decode(_request, body, "body")


def read_messages(request: CohereChatRequest) -> list[CohereMessage]:
    """Decodes the messages. Raises `InvalidRequest`."""
    return _decode(_messages, request.messages, "messages")


def read_tools(request: CohereChatRequest) -> list[CohereTool]:
    """Decodes the tools. Raises `InvalidRequest`."""
    return _decode(_tools, request.tools, "tools")


def _decode(decoder: msgspec.json.Decoder[Any], data: bytes | Raw, name: str) -> Any:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"invalid request: {name}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"invalid request: the body is not valid JSON: {error}") from None
