"""Reads Anthropic's request as a neutral conversation.

Keeps what the neutral form cannot hold: unknown blocks, messages and tools as `Other`, unknown
members in `others`. Raises `InvalidRequest` only for what is no request for a message.
"""

from collections.abc import Iterable
from typing import Final, Literal, cast

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
from penstock.rules.wire.anthropic.blocks import (
    DIALECT,
    CacheMarker,
    Content,
    Strict,
    cache_of,
    read_content,
)
from penstock.rules.wire.members import LIST, NUMBER, WHOLE_NUMBER, Members, read_members

_HEAD: Final = ("model", "stream")
_HINTS: Final = {
    "top_k": Hint.TOP_K,
    "cache_control": Hint.CACHE_CONTROL,
    "service_tier": Hint.SERVICE_TIER,
}
# The neutral words for tiers are OpenAI's.
TIERS: Final = {b'"auto"': b'"auto"', b'"standard_only"': b'"default"'}


class _Message(Strict):
    role: MessageRole
    content: Content


class _AnyMessage(msgspec.Struct):
    role: MessageRole


class _Tool(Strict):
    name: str
    input_schema: msgspec.Raw
    description: str | None = None
    strict: bool | None = None
    cache_control: CacheMarker | None = None
    eager_input_streaming: bool | None = None
    type: str | None = None


class _Eager(msgspec.Struct):
    eager_input_streaming: bool | None = None


class _Choice(Strict):
    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class _Format(Strict, tag="json_schema"):
    schema: msgspec.Raw


class _OutputConfig(Strict):
    effort: str | None = None
    format: _Format | None = None


class _Enabled(Strict, tag="enabled"):
    budget_tokens: int
    display: Literal["summarized", "omitted"] | None = None


class _Adaptive(Strict, tag="adaptive"):
    display: Literal["summarized", "omitted"] | None = None


class _Disabled(Strict, tag="disabled"):
    pass


class _Metadata(Strict):
    user_id: str | None = None


_content: Final = msgspec.json.Decoder(cast("type[Content]", Content))
_texts: Final = msgspec.json.Decoder(list[str])
_any_message: Final = msgspec.json.Decoder(_AnyMessage)
_message: Final = msgspec.json.Decoder(_Message)
_tool: Final = msgspec.json.Decoder(_Tool)
_eager: Final = msgspec.json.Decoder(_Eager)
_choice: Final = msgspec.json.Decoder(_Choice)
_output_config: Final = msgspec.json.Decoder(_OutputConfig)
_format: Final = msgspec.json.Decoder(_Format)
_Thinking = _Enabled | _Adaptive | _Disabled
_thinking: Final = msgspec.json.Decoder(cast("type[_Thinking]", _Thinking))
_metadata: Final = msgspec.json.Decoder(_Metadata)
_MODES: Final = {
    "auto": ToolMode.AUTO,
    "any": ToolMode.REQUIRED,
    "tool": ToolMode.REQUIRED,
    "none": ToolMode.NONE,
}
_DISPLAYS: Final = {"summarized": True, "omitted": False}


def read_request(body: bytes) -> Conversation:
    """Reads a request. Raises `InvalidRequest` for what is not one."""
    members = read_members(body)
    for name in _HEAD:
        members.pop(name)
    raws = members.take("messages", LIST)
    if raws is None:
        raise InvalidRequest("The request has no messages.", param="messages")
    system = read_content(members.take("system", _content), "system")
    messages = [Message(MessageRole.SYSTEM, tuple(system))] if system else []
    messages += [_read_message(bytes(raw), at) for at, raw in enumerate(raws)]
    tools = members.take("tools", LIST) or ()
    choice, parallel = _read_tool_choice(members)
    config = _read_output_config(members)
    return Conversation(
        messages=merge_messages(messages),
        tools=tuple([_read_tool(bytes(raw), at) for at, raw in enumerate(tools)]),
        tool_choice=choice,
        parallel_tool_calls=parallel,
        output=OutputFormat(bytes(config.format.schema)) if config.format else None,
        reasoning=_read_reasoning(members, config.effort or ""),
        max_output_tokens=members.take("max_tokens", WHOLE_NUMBER),
        temperature=members.take("temperature", NUMBER),
        top_p=members.take("top_p", NUMBER),
        stop=tuple(members.take("stop_sequences", _texts) or ()),
        hints={**_read_hints(members), **_read_eager(tools)},
        others=members.rest(),
        dialect=DIALECT,
    )


def _read_message(value: bytes, at: int) -> Message:
    field = f"messages.{at}"
    try:
        found = decode_json(_message, value)
    except msgspec.ValidationError:
        return _other_message(value, field)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The request body is wrong: {error}.", param=field) from None
    return Message(found.role, tuple(read_content(found.content, f"{field}.content")))


def _other_message(value: bytes, field: str) -> Message:
    """A message that only Anthropic can express. Raises `InvalidRequest` if it has no role."""
    try:
        role = decode_json(_any_message, value).role
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"{field} is wrong: {error}.", param=field) from None
    return Message(role, (Other(DIALECT, "message", value, field),))


def _read_tool(value: bytes, at: int) -> Tool | Other:
    try:
        found = decode_json(_tool, value)
    except msgspec.ValidationError:
        return Other(DIALECT, "tool", value, f"tools.{at}")
    if found.type not in (None, "custom"):
        return Other(DIALECT, "tool", value, f"tools.{at}")
    return Tool(
        found.name,
        found.description or "",
        bytes(found.input_schema),
        found.strict,
        cache_of(found.cache_control),
    )


def _read_eager(tools: Iterable[msgspec.Raw]) -> dict[Hint, bytes]:
    """Reads whether arguments come in small pieces. One tool decides for all."""
    said = [found for raw in tools if (found := _find_eager(bytes(raw))) is not None]
    return {Hint.EAGER_INPUT: b"true" if any(said) else b"false"} if said else {}


def _find_eager(value: bytes) -> bool | None:
    if b"eager_input_streaming" not in value:
        return None
    try:
        return decode_json(_eager, value).eager_input_streaming
    except msgspec.ValidationError:
        return None


def _read_tool_choice(members: Members) -> tuple[ToolChoice | None, bool | None]:
    """Reads choice and parallel calls; another kind of choice stays in `members`."""
    found = members.find("tool_choice", _choice)
    mode = _MODES.get(found.type) if found is not None else None
    if found is None or mode is None or (found.type == "tool") is not bool(found.name):
        return None, None
    members.pop("tool_choice")
    disabled = found.disable_parallel_tool_use
    names = (found.name,) if found.name else ()
    return ToolChoice(mode, names), None if disabled is None else not disabled


def _read_output_config(members: Members) -> _OutputConfig:
    """Reads effort and format; a configuration with more than that stays in `members`."""
    found = members.find("output_config", _output_config)
    if found is not None:
        members.pop("output_config")
    config = found or _OutputConfig()
    earlier = members.find("output_format", _format)  # the name before `output_config.format`
    if earlier is not None and config.format is None:
        members.pop("output_format")
        config.format = earlier
    return config


def _read_reasoning(members: Members, effort: str) -> ReasoningOptions | None:
    """Reads `thinking`; an unknown kind stays in `members`."""
    found = members.find("thinking", _thinking)
    if found is not None:
        members.pop("thinking")
    match found:
        case None:
            return ReasoningOptions(effort) if effort else None
        case _Disabled():
            return ReasoningOptions(effort, 0) if effort else ReasoningOptions("none")
        case _Adaptive(display):
            return ReasoningOptions(effort, -1, _DISPLAYS.get(display or ""))
        case _Enabled(budget, display):
            return ReasoningOptions(effort, budget, _DISPLAYS.get(display or ""))


def _read_hints(members: Members) -> dict[Hint, bytes]:
    hints = members.take_hints(_HINTS)
    if (tier := hints.get(Hint.SERVICE_TIER)) is not None:
        hints[Hint.SERVICE_TIER] = TIERS.get(tier, tier)
    metadata = members.find("metadata", _metadata)
    if metadata is not None:
        members.pop("metadata")
        if metadata.user_id is not None:
            hints[Hint.USER] = msgspec.json.encode(metadata.user_id)
    return hints
