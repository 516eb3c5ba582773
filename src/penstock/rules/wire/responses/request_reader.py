"""Reads a request of the Responses API as a neutral conversation.

Keeps what the neutral form cannot hold: other items, parts and tools as `Other`, unknown members in
`others`. Raises `InvalidRequest` only for what is no such request.
"""

from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.conversation import (
    Citation,
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
    WHOLE_NUMBER,
    Members,
    read_members,
)
from penstock.rules.wire.openai.request_reader import split_data_url
from penstock.rules.wire.responses.items import (
    CHOICE,
    ITEMS,
    KIND,
    PART,
    REASONING,
    TEXT_OPTIONS,
    TOOL,
    AllowedTools,
    Breakpoint,
    ChosenFunction,
    Format,
    SentAnswerText,
    SentAudio,
    SentCall,
    SentFile,
    SentImage,
    SentMessage,
    SentReasoning,
    SentRefusal,
    SentResult,
    SentText,
)
from penstock.rules.wire.sealed_reasoning import unseal_call, unseal_call_id, unseal_reasoning

DIALECT: Final = "responses"
ENCRYPTED: Final = "reasoning.encrypted_content"  # of `include`
DEFAULT_LIFETIME: Final = "30m"  # of a cache marker
_HINTS: Final = {
    **{hint.value: hint for hint in (Hint.METADATA, Hint.SERVICE_TIER, Hint.STORE)},
    Hint.CLIENT_METADATA.value: Hint.CLIENT_METADATA,  # of OpenAI's Codex
    **{hint.value: hint for hint in (Hint.CACHE_KEY, Hint.CACHE_RETENTION, Hint.CACHE_OPTIONS)},
    **{hint.value: hint for hint in (Hint.TRUNCATION, Hint.MAX_TOOL_CALLS, Hint.STREAM_OPTIONS)},
    **{hint.value: hint for hint in (Hint.TOP_LOGPROBS, Hint.SAFETY_IDENTIFIER, Hint.USER)},
}
_KEPT: Final = ("previous_response_id", "conversation", "prompt", "background")
_ROLES: Final = {"developer": MessageRole.SYSTEM, **{role.value: role for role in MessageRole}}
_MODES: Final = frozenset(ToolMode)


_texts: Final = msgspec.json.Decoder(list[str])
_input: Final = msgspec.json.Decoder(cast("type[str | list[msgspec.Raw]]", str | list[msgspec.Raw]))
_encoder: Final = msgspec.json.Encoder()


def read_request(body: bytes) -> Conversation:
    """Reads a request. Raises `InvalidRequest` for what is not one."""
    members = read_members(body)
    for name in ("model", "stream"):
        members.pop(name)
    if members.find("background", FLAG) is False:
        members.pop("background")
    instructions = members.take("instructions", TEXT)
    sent = members.take("input", _input)
    hints: dict[Hint, bytes] = {}
    reasoning = _read_reasoning(members, hints)
    output = _read_output(members, hints)
    encrypted = _read_include(members, hints)
    hints |= _read_hints(members)
    tools = members.take("tools", LIST) or ()
    conversation = Conversation(
        messages=merge_messages([*_read_instructions(instructions), *_read_input(sent)]),
        tools=tuple([_read_tool(bytes(raw), at) for at, raw in enumerate(tools)]),
        tool_choice=_read_tool_choice(members),
        parallel_tool_calls=members.take("parallel_tool_calls", FLAG),
        output=output,
        reasoning=reasoning,
        max_output_tokens=members.take("max_output_tokens", WHOLE_NUMBER),
        temperature=members.take("temperature", NUMBER),
        top_p=members.take("top_p", NUMBER),
        hints=hints,
        kept=members.take_named(_KEPT),
        others=members.rest(),
        encrypted_reasoning=encrypted,
        dialect=DIALECT,
    )
    if sent is None and not conversation.kept:
        raise InvalidRequest("The request has no input.", param="input")
    return conversation


def _read_instructions(instructions: str | None) -> list[Message]:
    return [Message(MessageRole.SYSTEM, (Text(instructions),))] if instructions else []


def _read_input(sent: str | Sequence[msgspec.Raw] | None) -> list[Message]:
    if sent is None:
        return []
    if isinstance(sent, str):
        return [Message(MessageRole.USER, (Text(sent),))]
    return [_read_item(bytes(raw), f"input.{at}") for at, raw in enumerate(sent)]


def _read_item(value: bytes, field: str) -> Message:
    try:
        kind = decode_json(KIND, value)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"{field} is wrong: {error}.", param=field) from None
    name = kind.type or ("message" if kind.role else "")
    decoder = ITEMS.get(name)
    try:
        found = None if decoder is None else decode_json(decoder, value)
    except msgspec.ValidationError:
        found = None
    match found:
        case SentMessage() if found.role in _ROLES:
            return Message(_ROLES[found.role], tuple(_read_content(found, field)))
        case SentCall(is_async=False):
            call = ToolCall(found.call_id, found.name, found.arguments)
            return Message(MessageRole.ASSISTANT, tuple(unseal_call(call)))
        case SentResult():
            return Message(MessageRole.USER, (_read_result(found, field),))
        case SentReasoning():
            return Message(MessageRole.ASSISTANT, tuple(_read_thought(found)))
        case _:
            role = MessageRole.USER if name.endswith("_output") else MessageRole.ASSISTANT
            return Message(role, (Other(DIALECT, "item", value, field),))


def _read_content(item: SentMessage, field: str) -> list[Part]:
    phase = item.phase or ""
    if isinstance(item.content, str):
        return [Text(item.content, phase=phase)] if item.content else []
    return [
        _read_part(bytes(raw), f"{field}.content.{at}", phase)
        for at, raw in enumerate(item.content)
    ]


def _read_result(item: SentResult, field: str) -> ToolResult:
    call_id = unseal_call_id(item.call_id)
    if isinstance(item.output, str):
        return ToolResult(call_id, (Text(item.output),) if item.output else ())
    parts: list[Text | Media | Other] = []
    for at, raw in enumerate(item.output):
        value, place = bytes(raw), f"{field}.output.{at}"
        part = _read_part(value, place)
        known = isinstance(part, Text | Media | Other)
        parts.append(part if known else Other(DIALECT, "part", value, place))
    return ToolResult(call_id, tuple(parts))


def _read_thought(item: SentReasoning) -> list[Part]:
    """Reads a reasoning item. It has its summary, or the reasoning itself, or both."""
    sealed = unseal_reasoning(item.encrypted_content or "")
    if sealed is not None:
        return [sealed]
    parts = [
        Reasoning("\n\n".join(text.text for text in texts), "", "", item.id, DIALECT, summary)
        for texts, summary in ((item.summary, True), (item.content or (), False))
        if texts
    ]
    last = parts.pop() if parts else Reasoning("", id=item.id, dialect=DIALECT)
    return [*parts, msgspec.structs.replace(last, encrypted=item.encrypted_content or "")]


def _read_part(value: bytes, field: str, phase: str = "") -> Part:
    try:
        found = decode_json(PART, value)
    except msgspec.ValidationError:
        return Other(DIALECT, "part", value, field)
    match found:
        case SentText():
            return Text(found.text, cache=_lifetime(found.prompt_cache_breakpoint), phase=phase)
        case SentAnswerText():
            citations = tuple(
                Citation(one.url, one.title, start=one.start_index, end=one.end_index)
                for one in found.annotations
            )
            return Text(found.text, citations, phase=phase)
        case SentRefusal():
            return Refusal(found.refusal)
        case SentImage():
            return _read_image(found)
        case SentFile():
            return _read_file(found)
        case SentAudio():
            audio = found.input_audio
            return Media(MediaKind.AUDIO, f"audio/{audio.format}", audio.data)


def _read_image(found: SentImage) -> Media:
    media_type, data = split_data_url(found.image_url or "")
    return Media(
        MediaKind.IMAGE,
        media_type,
        data,
        "" if data else found.image_url or "",
        found.file_id or "",
        detail=found.detail or "",
        cache=_lifetime(found.prompt_cache_breakpoint),
    )


def _read_file(found: SentFile) -> Media:
    media_type, data = split_data_url(found.file_data or "")
    return Media(
        MediaKind.DOCUMENT,
        media_type,
        data or found.file_data or "",
        found.file_url or "",
        found.file_id or "",
        name=found.filename or "",
        detail=found.detail or "",
        cache=_lifetime(found.prompt_cache_breakpoint),
    )


def _lifetime(found: Breakpoint | None) -> str:
    return "" if found is None else found.ttl or DEFAULT_LIFETIME


def _read_tool(value: bytes, at: int) -> Tool | Other:
    try:
        found = decode_json(TOOL, value)
    except msgspec.ValidationError:
        found = None
    if found is None or found.type != "function":
        return Other(DIALECT, "tool", value, f"tools.{at}")
    parameters = bytes(found.parameters)
    schema = b"" if parameters == b"null" else parameters
    return Tool(found.name, found.description or "", schema, found.strict)


def _read_tool_choice(members: Members) -> ToolChoice | None:
    """Reads `tool_choice`; another kind of choice stays in `members`."""
    found: Any = members.find("tool_choice", CHOICE)
    match found:
        case str() if found in _MODES:
            choice = ToolChoice(ToolMode(found))
        case ChosenFunction():
            choice = ToolChoice(ToolMode.REQUIRED, (found.name,))
        case AllowedTools() if found.mode in _MODES:
            choice = ToolChoice(ToolMode(found.mode), tuple(tool.name for tool in found.tools))
        case _:
            return None
    members.pop("tool_choice")
    return choice


def _read_output(members: Members, hints: dict[Hint, bytes]) -> OutputFormat | None:
    """Reads `text`; options of an unknown shape stay in `members`."""
    found = members.find("text", TEXT_OPTIONS)
    if found is None:
        return None
    wanted = found.format or Format("text")
    if wanted.type not in ("text", "json_object", "json_schema"):
        return None
    members.pop("text")
    if found.verbosity is not None:
        hints[Hint.VERBOSITY] = _encoder.encode(found.verbosity)
    if wanted.type == "text":
        return None
    schema, description = bytes(wanted.schema), wanted.description or ""
    return OutputFormat(schema, wanted.name, description, wanted.strict)


def _read_include(members: Members, hints: dict[Hint, bytes]) -> bool:
    """Reads `include`. Returns true if the answer shall have encrypted reasoning."""
    included = members.take("include", _texts) or []
    if further := [name for name in included if name != ENCRYPTED]:
        hints[Hint.INCLUDE] = _encoder.encode(further)
    return ENCRYPTED in included


def _read_reasoning(members: Members, hints: dict[Hint, bytes]) -> ReasoningOptions | None:
    """Reads `reasoning`; options of an unknown shape stay in `members`."""
    found = members.find("reasoning", REASONING)
    if found is None:
        return None
    members.pop("reasoning")
    detail = found.summary or found.generate_summary
    if detail and detail != "auto":
        hints[Hint.SUMMARY_DETAIL] = _encoder.encode(detail)
    if not (detail or found.effort):
        return None
    return ReasoningOptions(found.effort or "", summary=True if detail else None)


def _read_hints(members: Members) -> dict[Hint, bytes]:
    """Reads the other hints. The identifier of the user has a new and an old name."""
    hints = members.take_hints(_HINTS)
    if Hint.USER not in hints and Hint.SAFETY_IDENTIFIER in hints:
        hints[Hint.USER] = hints.pop(Hint.SAFETY_IDENTIFIER)
    return hints
