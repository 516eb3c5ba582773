"""Reads requests of the Converse API. Unknown members are rejected, as AWS's own clients do."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from penstock.kernel.errors import InvalidRequest

_Share = Annotated[float, Meta(ge=0, le=1)]
_Text = Annotated[str, Meta(min_length=1)]
_Name = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
_Id = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_.:-]{1,64}$")]


class _Strict(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    pass


class ConverseSource(_Strict, frozen=True):
    """The content of a medium: base64, a place in S3, or the text of a document."""

    bytes: str | UnsetType = UNSET
    s3_location: dict[str, Any] | UnsetType = UNSET
    text: str | UnsetType = UNSET


class ConverseImage(_Strict, frozen=True):
    format: Literal["png", "jpeg", "gif", "webp"]
    source: ConverseSource


class ConverseDocument(_Strict, frozen=True):
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    source: ConverseSource
    format: Literal["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"] = "txt"
    context: str | None = None
    citations: dict[str, bool] | None = None


class ConverseMedium(_Strict, frozen=True):
    """A video or a sound."""

    format: _Text
    source: ConverseSource


class ConverseToolUse(_Strict, frozen=True):
    tool_use_id: _Id
    name: _Name
    input: dict[str, Any]


class ConverseResultBlock(_Strict, frozen=True):
    """One of the contents of a tool's result."""

    text: str | UnsetType = UNSET
    json: Any = UNSET
    image: ConverseImage | UnsetType = UNSET
    document: ConverseDocument | UnsetType = UNSET


class ConverseToolResult(_Strict, frozen=True):
    tool_use_id: _Id
    content: list[ConverseResultBlock]
    status: Literal["success", "error"] | None = None


class ConverseReasoningText(_Strict, frozen=True):
    text: str
    signature: str | None = None


class ConverseReasoning(_Strict, frozen=True):
    reasoning_text: ConverseReasoningText | UnsetType = UNSET
    redacted_content: str | UnsetType = UNSET


class ConverseCachePoint(_Strict, frozen=True):
    type: Literal["default"]
    ttl: Literal["5m", "1h"] | None = None


class ConverseBlock(_Strict, frozen=True):
    """A content block: exactly one of the members."""

    text: str | UnsetType = UNSET
    image: ConverseImage | UnsetType = UNSET
    document: ConverseDocument | UnsetType = UNSET
    video: ConverseMedium | UnsetType = UNSET
    audio: ConverseMedium | UnsetType = UNSET
    tool_use: ConverseToolUse | UnsetType = UNSET
    tool_result: ConverseToolResult | UnsetType = UNSET
    reasoning_content: ConverseReasoning | UnsetType = UNSET
    cache_point: ConverseCachePoint | UnsetType = UNSET


class ConverseMessage(_Strict, frozen=True):
    role: Literal["user", "assistant"]
    content: Annotated[list[ConverseBlock], Meta(min_length=1)]


class ConverseSystem(_Strict, frozen=True):
    text: _Text | UnsetType = UNSET
    cache_point: ConverseCachePoint | UnsetType = UNSET


class ConverseInference(_Strict, frozen=True):
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    temperature: _Share | None = None
    top_p: _Share | None = None
    stop_sequences: list[_Text] = []


class ConverseSchema(_Strict, frozen=True):
    json: dict[str, Any]


class ConverseToolSpec(_Strict, frozen=True):
    name: _Name
    input_schema: ConverseSchema
    description: _Text | None = None
    strict: bool | None = None


class ConverseTool(_Strict, frozen=True):
    tool_spec: ConverseToolSpec | UnsetType = UNSET
    cache_point: ConverseCachePoint | UnsetType = UNSET


class ConverseNamedTool(_Strict, frozen=True):
    name: _Name


class ConverseToolChoice(_Strict, frozen=True):
    auto: dict[str, Any] | UnsetType = UNSET
    any: dict[str, Any] | UnsetType = UNSET
    tool: ConverseNamedTool | UnsetType = UNSET


class ConverseToolConfig(_Strict, frozen=True):
    tools: Annotated[list[ConverseTool], Meta(min_length=1)]
    tool_choice: ConverseToolChoice | None = None


class ConverseJsonSchema(_Strict, frozen=True):
    schema: str
    name: str | None = None
    description: str | None = None


class ConverseStructure(_Strict, frozen=True):
    json_schema: ConverseJsonSchema


class ConverseTextFormat(_Strict, frozen=True):
    type: Literal["json_schema"]
    structure: ConverseStructure


class ConverseOutput(_Strict, frozen=True):
    text_format: ConverseTextFormat | None = None
    effort: Annotated[str, Meta(max_length=16)] | None = None


class ConverseThinking(Struct, frozen=True):
    """The thinking of Anthropic's models, in `additionalModelRequestFields`."""

    type: Literal["enabled", "adaptive", "disabled"]
    budget_tokens: Annotated[int, Meta(ge=1024)] | None = None


class ConverseFields(Struct, frozen=True):
    """Members for one vendor's models; only those of thinking are read."""

    thinking: ConverseThinking | None = None


class ConverseTier(_Strict, frozen=True):
    type: Literal["priority", "default", "flex", "reserved"]


class ConverseRequest(_Strict, frozen=True, kw_only=True):
    """The body of `converse` and `converse-stream`. `messages` stay raw: they seed the answer."""

    messages: Raw
    system: list[ConverseSystem] = []
    inference_config: ConverseInference = ConverseInference()
    tool_config: ConverseToolConfig | None = None
    output_config: ConverseOutput = ConverseOutput()
    additional_model_request_fields: ConverseFields = ConverseFields()
    additional_model_response_field_paths: list[_Text] | None = None
    guardrail_config: dict[str, str] | None = None
    prompt_variables: dict[str, Any] | None = None
    request_metadata: Annotated[dict[str, str], Meta(min_length=1, max_length=16)] | None = None
    performance_config: dict[str, str] | None = None
    service_tier: ConverseTier | None = None


_request: Final = msgspec.json.Decoder(ConverseRequest)
_messages: Final = msgspec.json.Decoder(list[ConverseMessage])


def read_request(body: bytes) -> ConverseRequest:
    """Decodes the members of a request. Raises `InvalidRequest`."""
    return _decode(_request, body)


def read_messages(request: ConverseRequest) -> list[ConverseMessage]:
    """Decodes the messages. Raises `InvalidRequest`."""
    return _decode(_messages, request.messages, "messages")


def set_members(block: Struct) -> list[str]:
    """The names of the members of a union that are set."""
    return [name for name in block.__struct_fields__ if getattr(block, name) is not UNSET]


def _decode(decoder: msgspec.json.Decoder[Any], data: bytes | Raw, base: str = "") -> Any:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        place = f"{base}: " if base else ""
        raise InvalidRequest(f"1 validation error detected: {place}{error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"The request body is not valid JSON: {error}") from None
