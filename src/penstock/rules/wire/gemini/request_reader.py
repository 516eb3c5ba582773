"""Reads a generateContent request as a neutral conversation.

Keeps what the neutral form cannot hold: unknown parts, contents and tools as `Other`, unknown
members in `others` (those of `generationConfig` and `toolConfig` as `generationConfig.name`).
"""

from typing import Final

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.conversation import (
    Conversation,
    Hint,
    Message,
    MessageRole,
    Other,
    OutputFormat,
    ReasoningOptions,
    Tool,
    ToolChoice,
    ToolMode,
    merge_messages,
)
from penstock.rules.wire.gemini.contents import ContentsReader
from penstock.rules.wire.gemini.parts import DIALECT, StrictShape
from penstock.rules.wire.gemini.schema import as_json_schema
from penstock.rules.wire.gemini.spelling import in_camel_case
from penstock.rules.wire.members import (
    LIST,
    NUMBER,
    TEXT,
    TEXTS,
    WHOLE_NUMBER,
    Members,
    read_members,
)

_CONFIG_HINTS: Final = {
    "seed": Hint.SEED,
    "topK": Hint.TOP_K,
    "presencePenalty": Hint.PRESENCE_PENALTY,
    "frequencyPenalty": Hint.FREQUENCY_PENALTY,
    "responseLogprobs": Hint.LOGPROBS,
    "logprobs": Hint.TOP_LOGPROBS,
}
_HINTS: Final = {"labels": Hint.METADATA, "store": Hint.STORE}
TIERS: Final = {
    "standard": "default",
    "unspecified": "auto",
    "flex": "flex",
    "priority": "priority",
}
_MODES: Final = {
    "AUTO": ToolMode.AUTO,
    "VALIDATED": ToolMode.AUTO,
    "MODE_UNSPECIFIED": ToolMode.AUTO,
    "ANY": ToolMode.REQUIRED,
    "NONE": ToolMode.NONE,
}


class _Function(StrictShape):
    name: str
    description: str | None = None
    parameters: msgspec.Raw = msgspec.Raw()
    parameters_json_schema: msgspec.Raw = msgspec.Raw()


class _Calling(StrictShape):
    mode: str = "AUTO"
    allowed_function_names: list[str] | None = None


class _Thinking(StrictShape):
    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: str | None = None


class _Content(StrictShape):
    role: str | None = None
    parts: list[msgspec.Raw] | None = None


_function: Final = msgspec.json.Decoder(_Function)
_calling: Final = msgspec.json.Decoder(_Calling)
_thinking: Final = msgspec.json.Decoder(_Thinking)
_content: Final = msgspec.json.Decoder(_Content)
_raw: Final = msgspec.json.Decoder(msgspec.Raw)


def read_request(body: bytes) -> Conversation:
    """Reads a request. Raises `InvalidRequest` for what is not one."""
    members = read_members(_checked(body))
    members.pop("model")
    members.pop_default("safetySettings", LIST, [])
    contents = members.take("contents", LIST)
    if contents is None:
        raise InvalidRequest("The request has no contents.", param="contents")
    config = _inner(members, "generationConfig")
    config.pop_default("responseModalities", TEXTS, ["TEXT"])
    calling = _inner(members, "toolConfig")
    found = calling.take("functionCallingConfig", _calling)
    strict = True if found is not None and found.mode.upper() == "VALIDATED" else None
    hints = {**config.take_hints(_CONFIG_HINTS), **members.take_hints(_HINTS), **_tier(members)}
    return Conversation(
        messages=merge_messages(_read_messages(members, contents)),
        tools=_read_tools(members.take("tools", LIST) or [], strict=strict),
        tool_choice=_tool_choice(found),
        output=_read_output(config),
        reasoning=_read_reasoning(config),
        max_output_tokens=config.take("maxOutputTokens", WHOLE_NUMBER),
        temperature=config.take("temperature", NUMBER),
        top_p=config.take("topP", NUMBER),
        stop=tuple(config.take("stopSequences", TEXTS) or ()),
        choice_count=config.take("candidateCount", WHOLE_NUMBER),
        hints=hints,
        others={
            **members.rest(),
            **{f"generationConfig.{name}": value for name, value in config.rest().items()},
            **{f"toolConfig.{name}": value for name, value in calling.rest().items()},
        },
        dialect=DIALECT,
    )


def _checked(body: bytes) -> bytes:
    """The request in camelCase. Values that are kept as they are must be UTF-8 as well."""
    try:
        if not body.isascii():
            body.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The request body is not UTF-8: {error.reason}.") from None
    return in_camel_case(body)


def _inner(members: Members, name: str) -> Members:
    value = members.take(name, _raw)
    return Members({}) if value is None else read_members(bytes(value))


def _tier(members: Members) -> dict[Hint, bytes]:
    """The service tier by its name in the neutral form."""
    tier = members.find("serviceTier", TEXT)
    if tier is None or tier.lower() not in TIERS:
        return {}
    members.pop("serviceTier")
    return {Hint.SERVICE_TIER: msgspec.json.encode(TIERS[tier.lower()])}


def _read_messages(members: Members, contents: list[msgspec.Raw]) -> list[Message]:
    reader = ContentsReader()
    messages: list[Message] = []
    system = members.take("systemInstruction", _raw)
    if system is not None:
        found = _read_content(bytes(system), "systemInstruction")
        parts = reader.parts(found.parts or [], "systemInstruction.parts")
        messages.append(Message(MessageRole.SYSTEM, parts))
    messages += [_read_message(reader, bytes(raw), at) for at, raw in enumerate(contents)]
    return messages


def _read_message(reader: ContentsReader, value: bytes, at: int) -> Message:
    field = f"contents.{at}"
    try:
        found = decode_json(_content, value)
    except msgspec.ValidationError:
        return Message(MessageRole.USER, (Other(DIALECT, "message", value, field),))
    role = MessageRole.ASSISTANT if found.role == "model" else MessageRole.USER
    if found.role not in (None, "", "user", "model", "function", "tool"):
        return Message(MessageRole.USER, (Other(DIALECT, "message", value, field),))
    return Message(role, reader.parts(found.parts or [], f"{field}.parts"))


def _read_content(value: bytes, field: str) -> _Content:
    try:
        return decode_json(_content, value)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"{field} is wrong: {error}.", param=field) from None


def _read_tools(tools: list[msgspec.Raw], *, strict: bool | None) -> tuple[Tool | Other, ...]:
    read: list[Tool | Other] = []
    for at, raw in enumerate(tools):
        field = f"tools.{at}"
        members = read_members(bytes(raw))
        functions = members.take("functionDeclarations", LIST) or []
        for position, function in enumerate(functions):
            where = f"{field}.functionDeclarations.{position}"
            read.append(_read_function(bytes(function), where, strict=strict))
        if rest := members.rest():
            raws = {name: msgspec.Raw(value) for name, value in rest.items()}
            value = msgspec.json.encode(raws)
            read.append(Other(DIALECT, "tool", value, f"{field}.{next(iter(rest))}"))
    return tuple(read)


def _read_function(value: bytes, field: str, *, strict: bool | None) -> Tool | Other:
    try:
        found = decode_json(_function, value)
    except msgspec.ValidationError:
        return Other(DIALECT, "function", value, field)
    schema = bytes(found.parameters_json_schema)
    if found.parameters and not schema:
        schema = as_json_schema(bytes(found.parameters), f"{field}.parameters")
    return Tool(found.name, found.description or "", schema, strict)


def _tool_choice(calling: _Calling | None) -> ToolChoice | None:
    if calling is None:
        return None
    mode = _MODES.get(calling.mode.upper())
    if mode is None:
        field = "toolConfig.functionCallingConfig.mode"
        raise InvalidRequest(f"{field} is not one of {', '.join(_MODES)}.", param=field)
    return ToolChoice(mode, tuple(calling.allowed_function_names or ()))


def _read_output(config: Members) -> OutputFormat | None:
    """Reads the format of JSON; another media type stays in `config`."""
    media_type = config.find("responseMimeType", TEXT)
    if media_type == "text/plain":
        config.pop("responseMimeType")
    if media_type != "application/json":
        return None
    config.pop("responseMimeType")
    schema = config.take("responseJsonSchema", _raw)
    own = config.take("responseSchema", _raw)
    if schema is not None:
        return OutputFormat(bytes(schema))
    if own is None:
        return OutputFormat()
    return OutputFormat(as_json_schema(bytes(own), "generationConfig.responseSchema"))


def _read_reasoning(config: Members) -> ReasoningOptions | None:
    found = config.find("thinkingConfig", _thinking)
    if found is None:
        return None
    config.pop("thinkingConfig")
    level = (found.thinking_level or "").lower()
    effort = "" if level == "thinking_level_unspecified" else level
    return ReasoningOptions(effort, found.thinking_budget, found.include_thoughts)
