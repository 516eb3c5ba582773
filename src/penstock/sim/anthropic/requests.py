"""Reads Anthropic's requests. An error's message begins with the place of the invalid member."""

import re
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from penstock.kernel.errors import InvalidRequest
from penstock.sim.anthropic.blocks import AnyBlock, CacheControl, TextBlock

_Probability = Annotated[float, Meta(ge=0, le=1)]
_ToolName = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,128}$")]


class _Strict(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class AnthropicMessage(_Strict, frozen=True):
    """One message. Consecutive messages of one role are one turn."""

    role: Literal["user", "assistant", "system"]
    content: str | list[AnyBlock]


class AnthropicTool(_Strict, frozen=True):
    """A tool of the caller. Anthropic's own tools have another `type`; they are never called."""

    name: _ToolName
    input_schema: dict[str, Any]
    type: Literal["custom"] | None = None
    description: str | None = None
    cache_control: CacheControl | None = None
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None
    eager_input_streaming: bool | None = None
    input_examples: list[dict[str, Any]] | None = None
    strict: bool | None = None


class AnthropicToolChoice(_Strict, frozen=True):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool = False


class AnthropicThinking(_Strict, frozen=True):
    type: Literal["enabled", "adaptive", "disabled", "between_tools"]
    budget_tokens: int | None = None
    display: Literal["summarized", "omitted"] | None = None


class AnthropicFormat(_Strict, frozen=True):
    type: Literal["json_schema"]
    schema: dict[str, Any]


class AnthropicOutput(_Strict, frozen=True):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: AnthropicFormat | None = None


class AnthropicMetadata(_Strict, frozen=True):
    user_id: Annotated[str, Meta(max_length=512)] | None = None


class CountRequest(_Strict, frozen=True, kw_only=True):
    """The body of `POST /v1/messages/count_tokens`."""

    model: Annotated[str, Meta(min_length=1)]
    messages: Raw
    system: str | list[TextBlock] = ""
    tools: list[dict[str, Any]] = []
    tool_choice: AnthropicToolChoice | None = None
    thinking: AnthropicThinking | None = None
    output_config: AnthropicOutput | None = None
    cache_control: CacheControl | None = None
    speed: Literal["standard", "fast"] | None = None
    user_profile_id: str | None = None


class MessagesRequest(CountRequest, frozen=True, kw_only=True):
    """The body of `POST /v1/messages`. `messages` stay raw: they seed the answer."""

    max_tokens: Annotated[int, Meta(ge=0)]
    stream: bool = False
    stop_sequences: list[str] = []
    temperature: _Probability | None = None
    top_p: _Probability | None = None
    top_k: Annotated[int, Meta(ge=0)] | None = None
    metadata: AnthropicMetadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    container: str | dict[str, Any] | None = None
    diagnostics: dict[str, Any] | None = None
    inference_geo: str | None = None


_T = TypeVar("_T")
_AT: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_MISSING: Final = re.compile(r"missing required field `(?P<name>[^`]*)`")
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>[^`]*)`")
_OWN_TOOL: Final = re.compile(r"^[a-z_0-9]+_\d{8}$")

messages_decoder: Final = msgspec.json.Decoder(MessagesRequest)
count_decoder: Final = msgspec.json.Decoder(CountRequest)
_messages: Final = msgspec.json.Decoder(list[AnthropicMessage])


def decode(decoder: msgspec.json.Decoder[_T], data: bytes | Raw, base: str = "") -> _T:
    """Decodes `data`, the value of the member `base`. Raises `InvalidRequest`."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise _invalid(error, base) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"The request body is not valid JSON: {error}") from None


def read_messages(request: CountRequest) -> list[AnthropicMessage]:
    """Decodes the messages. Raises `InvalidRequest`."""
    messages = decode(_messages, request.messages, "messages")
    if not messages:
        raise InvalidRequest("messages: at least one message is required")
    return messages


def read_tools(request: CountRequest) -> list[AnthropicTool]:
    """Returns the caller's tools. Raises `InvalidRequest`."""
    tools: list[AnthropicTool] = []
    for index, tool in enumerate(request.tools):
        kind = tool.get("type")
        if isinstance(kind, str) and _OWN_TOOL.match(kind):
            continue
        try:
            tools.append(msgspec.convert(tool, AnthropicTool))
        except msgspec.ValidationError as error:
            raise _invalid(error, f"tools.{index}.custom") from None
    return tools


def _invalid(error: msgspec.ValidationError, base: str) -> InvalidRequest:
    """Writes msgspec's `… - at `$[0].role`` as `messages.0.role: …`."""
    text = str(error)
    path = found["path"] if (found := _AT.search(text)) else ""
    if missing := _MISSING.search(text):
        path, text = f"{path}.{missing['name']}", "Field required"
    elif unknown := _UNKNOWN.search(text):
        path, text = f"{path}.{unknown['name']}", "Extra inputs are not permitted"
    place = f"{base}.{path}".replace("[", ".").replace("]", "")
    return InvalidRequest(f"{re.sub(r'[.]+', '.', place).strip('.')}: {_AT.sub('', text)}")
