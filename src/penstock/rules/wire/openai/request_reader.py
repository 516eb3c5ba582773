"""Reads OpenAI's chat request as a neutral conversation.

Keeps what the neutral form cannot hold: unknown parts, messages and tools as `Other`, unknown
members in `others`. Raises `InvalidRequest` only for what is no chat request.
"""

from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.conversation import (
    Conversation,
    Hint,
    Media,
    MediaKind,
    Message,
    MessageRole,
    Other,
    OutputFormat,
    Part,
    Reasoning,
    ReasoningOptions,
    Refusal,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolMode,
    ToolResult,
    merge_messages,
)
from penstock.rules.wire.members import (
    FLAG,
    LIST,
    NUMBER,
    TEXT,
    TEXTS,
    WHOLE_NUMBER,
    Members,
    read_members,
)
from penstock.rules.wire.sealed_reasoning import unseal_call, unseal_call_id

DIALECT: Final = "openai"
_HEAD: Final = ("model", "stream", "stream_options")
_HINTS: Final = {
    **{
        hint.value: hint
        for hint in (Hint.SEED, Hint.METADATA, Hint.SERVICE_TIER, Hint.STORE, Hint.LOGIT_BIAS)
    },
    **{hint.value: hint for hint in (Hint.LOGPROBS, Hint.TOP_LOGPROBS, Hint.VERBOSITY, Hint.TOP_K)},
    **{hint.value: hint for hint in (Hint.FREQUENCY_PENALTY, Hint.PRESENCE_PENALTY)},
    **{hint.value: hint for hint in (Hint.CACHE_KEY, Hint.CACHE_RETENTION)},
    "safety_identifier": Hint.USER,
    "user": Hint.USER,
}
_ROLES: Final = {"developer": MessageRole.SYSTEM, **{role.value: role for role in MessageRole}}


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A shape that holds all of a value; anything else becomes `Other`."""


class _Function(_Strict):
    name: str
    description: str | None = None
    parameters: msgspec.Raw = msgspec.Raw()
    strict: bool | None = None


class _Tool(_Strict):
    type: str
    function: _Function


class _CalledFunction(_Strict):
    name: str
    arguments: str = ""


class _ToolCall(_Strict):
    id: str
    function: _CalledFunction
    type: str = "function"
    index: int | None = None


class _CacheMarker(_Strict, tag="ephemeral"):
    """Anthropic's, which clients write for other vendors too."""

    ttl: str = "5m"


class _TextPart(_Strict, tag="text"):
    text: str
    cache_control: _CacheMarker | None = None


class _RefusalPart(_Strict, tag="refusal"):
    refusal: str


class _Url(_Strict):
    url: str
    detail: str | None = None


class _ImagePart(_Strict, tag="image_url"):
    image_url: _Url
    cache_control: _CacheMarker | None = None


class _VideoPart(_Strict, tag="video_url"):
    video_url: _Url


class _Audio(_Strict):
    data: str
    format: str


class _AudioPart(_Strict, tag="input_audio"):
    input_audio: _Audio


class _File(_Strict):
    file_id: str | None = None
    filename: str | None = None
    file_data: str | None = None


class _FilePart(_Strict, tag="file"):
    file: _File


_Content = _TextPart | _RefusalPart | _ImagePart | _VideoPart | _AudioPart | _FilePart


class _Message(_Strict):
    role: str
    content: str | list[msgspec.Raw] | None = None
    name: str | None = None
    tool_calls: list[msgspec.Raw] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    annotations: list[Any] | None = None  # of an answer that was sent back; its text has them
    audio: None = None
    function_call: None = None
    prefix: bool = False  # Mistral's; its client always writes it


class _AnyMessage(msgspec.Struct):
    role: str


class _NamedFunction(_Strict):
    name: str


class _NamedTool(_Strict, tag="function"):
    function: _NamedFunction


class _AllowedTools(_Strict):
    mode: ToolMode
    tools: list[_NamedTool]


class _AllowedToolsChoice(_Strict, tag="allowed_tools"):
    allowed_tools: _AllowedTools


class _JsonSchema(_Strict):
    name: str = ""
    description: str | None = None
    schema: msgspec.Raw = msgspec.Raw()
    strict: bool | None = None


class _ResponseFormat(_Strict):
    type: str
    json_schema: _JsonSchema | None = None


_any_message: Final = msgspec.json.Decoder(_AnyMessage)
_message: Final = msgspec.json.Decoder(_Message)
_part: Final = msgspec.json.Decoder(cast("type[_Content]", _Content))
_stop: Final = msgspec.json.Decoder(cast("type[str | list[str]]", str | list[str]))
_called: Final = msgspec.json.Decoder(_ToolCall)
_tool: Final = msgspec.json.Decoder(_Tool)
_Choice = str | _NamedTool | _AllowedToolsChoice
_tool_choice: Final = msgspec.json.Decoder(cast("type[_Choice]", _Choice))
_MODES: Final = frozenset(ToolMode)
_response_format: Final = msgspec.json.Decoder(_ResponseFormat)


def read_request(body: bytes) -> Conversation:
    """Reads a chat request. Raises `InvalidRequest` for what is not one."""
    members = read_members(body)
    for name in _HEAD:
        members.pop(name)
    members.pop_default("modalities", TEXTS, ["text"])
    messages = members.take("messages", LIST)
    if messages is None:
        raise InvalidRequest("The request has no messages.", param="messages")
    tools = members.take("tools", LIST) or ()
    newest = members.take("max_completion_tokens", WHOLE_NUMBER)
    oldest = members.take("max_tokens", WHOLE_NUMBER)
    stop = members.take("stop", _stop)
    effort = members.take("reasoning_effort", TEXT)
    return Conversation(
        messages=merge_messages([_read_message(raw, at) for at, raw in enumerate(messages)]),
        tools=tuple([_read_tool(bytes(raw), at) for at, raw in enumerate(tools)]),
        tool_choice=_read_tool_choice(members),
        parallel_tool_calls=members.take("parallel_tool_calls", FLAG),
        output=_read_output(members),
        reasoning=ReasoningOptions(effort=effort) if effort else None,
        max_output_tokens=oldest if newest is None else newest,
        temperature=members.take("temperature", NUMBER),
        top_p=members.take("top_p", NUMBER),
        stop=(stop,) if isinstance(stop, str) else tuple(stop or ()),
        choice_count=members.take("n", WHOLE_NUMBER),
        hints=members.take_hints(_HINTS),
        others=members.rest(),
        dialect=DIALECT,
    )


def _read_message(raw: msgspec.Raw, at: int) -> Message:
    field = f"messages.{at}"
    value = bytes(raw)
    try:
        found = decode_json(_message, value)
    except msgspec.ValidationError:
        return _other_message(value, field)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The request body is wrong: {error}.", param=field) from None
    if found.role == "tool":
        return Message(MessageRole.USER, (_read_result(found, field),))
    role = _ROLES.get(found.role)
    if role is None or found.tool_call_id or found.prefix:
        return _other_message(value, field)
    parts: list[Part] = []
    if found.reasoning_content:
        parts.append(Reasoning(found.reasoning_content, dialect=DIALECT))
    parts += _read_content(found.content, field)
    if found.refusal:
        parts.append(Refusal(found.refusal))
    for position, call in enumerate(found.tool_calls or ()):
        parts += _read_call(bytes(call), f"{field}.tool_calls.{position}")
    return Message(role, tuple(parts), found.name or "")


def _other_message(value: bytes, field: str) -> Message:
    """A message that only OpenAI can express. Raises `InvalidRequest` if it has no role."""
    try:
        role = decode_json(_any_message, value).role
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"{field} is wrong: {error}.", param=field) from None
    other = Other(DIALECT, "message", value, field)
    return Message(_ROLES.get(role, MessageRole.USER), (other,))


def _read_result(message: _Message, field: str) -> ToolResult:
    parts = [
        part if isinstance(part, Text | Media | Other) else Text("")
        for part in _read_content(message.content, field)
    ]
    return ToolResult(unseal_call_id(message.tool_call_id or ""), tuple(parts))


def _read_content(content: str | Sequence[msgspec.Raw] | None, field: str) -> list[Part]:
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(content)] if content else []
    return [
        _read_part(bytes(raw), f"{field}.content.{position}")
        for position, raw in enumerate(content)
    ]


def _read_part(value: bytes, field: str) -> Part:
    try:
        found = decode_json(_part, value)
    except msgspec.ValidationError:
        return Other(DIALECT, "part", value, field)
    match found:
        case _TextPart():
            return Text(found.text, cache=_lifetime(found.cache_control))
        case _RefusalPart():
            return Refusal(found.refusal)
        case _ImagePart():
            image = _media(MediaKind.IMAGE, found.image_url)
            return msgspec.structs.replace(image, cache=_lifetime(found.cache_control))
        case _VideoPart():
            return _media(MediaKind.VIDEO, found.video_url)
        case _AudioPart():
            audio = found.input_audio
            return Media(MediaKind.AUDIO, f"audio/{audio.format}", audio.data)
        case _FilePart():
            return _read_file(found.file)


def _lifetime(marker: _CacheMarker | None) -> str:
    return marker.ttl if marker is not None else ""


def _media(kind: MediaKind, found: _Url) -> Media:
    media_type, data = split_data_url(found.url)
    url = "" if data else found.url
    return Media(kind, media_type, data, url, detail=found.detail or "")


def _read_file(found: _File) -> Media:
    media_type, data = split_data_url(found.file_data or "")
    return Media(
        MediaKind.DOCUMENT,
        media_type,
        data or found.file_data or "",
        file_id=found.file_id or "",
        name=found.filename or "",
    )


def split_data_url(url: str) -> tuple[str, str]:
    """Returns media type and base64 data of a `data:` URL; two empty texts for another URL."""
    if not url.startswith("data:"):
        return "", ""
    head, _, data = url[5:].partition(",")
    media_type, _, encoding = head.rpartition(";")
    return (media_type, data) if encoding == "base64" else ("", "")


def _read_call(value: bytes, field: str) -> list[Part]:
    try:
        found = decode_json(_called, value)
    except msgspec.ValidationError:
        return [Other(DIALECT, "tool_call", value, field)]
    return unseal_call(ToolCall(found.id, found.function.name, found.function.arguments))


def _read_tool(value: bytes, at: int) -> Tool | Other:
    try:
        found = decode_json(_tool, value)
    except msgspec.ValidationError:
        return Other(DIALECT, "tool", value, f"tools.{at}")
    if found.type != "function":
        return Other(DIALECT, "tool", value, f"tools.{at}")
    function = found.function
    return Tool(
        function.name, function.description or "", bytes(function.parameters), function.strict
    )


def _read_tool_choice(members: Members) -> ToolChoice | None:
    """Reads `tool_choice`; another kind of choice stays in `members`."""
    found = members.find("tool_choice", _tool_choice)
    match found:
        case str() if found in _MODES:
            choice = ToolChoice(ToolMode(found))
        case _NamedTool():
            choice = ToolChoice(ToolMode.REQUIRED, (found.function.name,))
        case _AllowedToolsChoice(allowed_tools=allowed):
            names = tuple(tool.function.name for tool in allowed.tools)
            choice = ToolChoice(allowed.mode, names)
        case _:
            return None
    members.pop("tool_choice")
    return choice


def _read_output(members: Members) -> OutputFormat | None:
    """Reads `response_format`; an unknown format stays in `members`."""
    found = members.find("response_format", _response_format)
    if found is None or found.type not in ("text", "json_object", "json_schema"):
        return None
    members.pop("response_format")
    if found.type == "text":
        return None
    schema = found.json_schema or _JsonSchema()
    return OutputFormat(bytes(schema.schema), schema.name, schema.description or "", schema.strict)
