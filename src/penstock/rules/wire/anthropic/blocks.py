"""Reads the content blocks of Anthropic's messages as neutral parts; unknown ones as `Other`."""

from collections.abc import Sequence
from typing import Final, cast

import msgspec

from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.conversation import (
    Citation,
    Media,
    MediaKind,
    Other,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)
from penstock.rules.wire.anthropic.citations import read_citation
from penstock.rules.wire.sealed_reasoning import (
    unseal_call,
    unseal_call_id,
    unseal_reasoning,
)

DIALECT: Final = "anthropic"


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A shape that holds all of a value; anything else becomes `Other`."""


class CacheMarker(Strict, tag="ephemeral"):
    """A cache marker."""

    ttl: str = "5m"


Content = str | list[msgspec.Raw]
"""A text, or a list of blocks."""


class _TextBlock(Strict, tag="text"):
    text: str
    cache_control: CacheMarker | None = None
    citations: list[msgspec.Raw] | None = None


class _Data(Strict, tag="base64"):
    data: str
    media_type: str


class _Url(Strict, tag="url"):
    url: str


class _FileId(Strict, tag="file"):
    file_id: str


class _PlainText(Strict, tag="text"):
    data: str
    media_type: str = "text/plain"


class _ImageBlock(Strict, tag="image"):
    source: _Data | _Url | _FileId
    cache_control: CacheMarker | None = None
    transformations: None = None


class _CitationsConfig(Strict):
    enabled: bool = False


class _DocumentBlock(Strict, tag="document"):
    source: _Data | _Url | _FileId | _PlainText
    cache_control: CacheMarker | None = None
    citations: _CitationsConfig | None = None
    title: str | None = None
    context: None = None


class _ThinkingBlock(Strict, tag="thinking"):
    thinking: str
    signature: str = ""


class _RedactedBlock(Strict, tag="redacted_thinking"):
    data: str


class _DirectCaller(Strict, tag="direct"):
    """The model itself, not code that it runs: the default."""


class _ToolUse(Strict, tag="tool_use"):
    id: str
    name: str
    input: dict[str, msgspec.Raw]
    cache_control: CacheMarker | None = None
    caller: _DirectCaller | None = None
    toolset_name: None = None


class _ToolResult(Strict, tag="tool_result"):
    tool_use_id: str
    content: Content | None = None
    is_error: bool | None = None
    cache_control: CacheMarker | None = None
    toolset_name: None = None


_Block = (
    _TextBlock
    | _ImageBlock
    | _DocumentBlock
    | _ThinkingBlock
    | _RedactedBlock
    | _ToolUse
    | _ToolResult
)
_block: Final = msgspec.json.Decoder(cast("type[_Block]", _Block))
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_content(content: Content | None, field: str) -> list[Part]:
    """Reads the content of a message or of the system."""
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(content)] if content else []
    parts: list[Part] = []
    for position, raw in enumerate(content):
        parts += _read_block(bytes(raw), f"{field}.{position}")
    return parts


def cache_of(marker: CacheMarker | None) -> str:
    """The lifetime of a cache marker; empty without one."""
    return marker.ttl if marker is not None else ""


def _read_block(value: bytes, field: str) -> Sequence[Part]:
    try:
        found = decode_json(_block, value)
    except msgspec.ValidationError:
        return [Other(DIALECT, "part", value, field)]
    match found:
        case _TextBlock():
            citations = _read_citations(found.citations or ())
            if citations is None:
                return [Other(DIALECT, "part", value, field)]
            return [Text(found.text, citations, cache_of(found.cache_control))]
        case _ImageBlock():
            return [_media(MediaKind.IMAGE, found.source, found.cache_control)]
        case _DocumentBlock():
            return [_document(found)]
        case _ThinkingBlock(thinking, signature):
            return [_read_thinking(thinking, signature)]
        case _RedactedBlock(data):
            return [Reasoning(encrypted=data, dialect=DIALECT)]
        case _:
            return _read_tool_use(found, value, field)


def _read_citations(raws: Sequence[msgspec.Raw]) -> tuple[Citation, ...] | None:
    """Reads citations; `None` if one is of an unknown shape."""
    found = [read_citation(bytes(raw)) for raw in raws]
    known = [citation for citation in found if citation is not None]
    return tuple(known) if len(known) == len(found) else None


def _media(
    kind: MediaKind, source: _Data | _Url | _FileId | _PlainText, marker: CacheMarker | None
) -> Media:
    cache = cache_of(marker)
    match source:
        case _Data(data, media_type):
            return Media(kind, media_type, data, cache=cache)
        case _Url(url):
            return Media(kind, url=url, cache=cache)
        case _FileId(file_id):
            return Media(kind, file_id=file_id, cache=cache)
        case _PlainText(data, media_type):
            return Media(kind, media_type, text=data, cache=cache)


def _document(found: _DocumentBlock) -> Media:
    media = _media(MediaKind.DOCUMENT, found.source, found.cache_control)
    cited = found.citations is not None and found.citations.enabled
    return msgspec.structs.replace(media, name=found.title or "", citations=cited)


def _read_thinking(thinking: str, signature: str) -> Reasoning:
    """A sealed part has no text of its own: the text is in the block."""
    sealed = unseal_reasoning(signature)
    if sealed is None:
        return Reasoning(thinking, signature, dialect=DIALECT)
    return msgspec.structs.replace(sealed, text=sealed.text or thinking)


def _read_tool_use(found: _ToolUse | _ToolResult, value: bytes, field: str) -> Sequence[Part]:
    if isinstance(found, _ToolUse):
        return _read_call(found, value)
    return [_read_result(found, field)]


def _read_call(found: _ToolUse, value: bytes) -> list[Part]:
    arguments = bytes(decode_json(_members, value)["input"]).decode("utf-8", "replace")
    call = ToolCall(found.id, found.name, arguments, cache=cache_of(found.cache_control))
    return unseal_call(call)


def _read_result(found: _ToolResult, field: str) -> ToolResult:
    content = found.content
    where = f"{field}.content"
    parts = [Text(content)] if isinstance(content, str) and content else []
    if isinstance(content, list):
        parts = [_inner(bytes(raw), f"{where}.{position}") for position, raw in enumerate(content)]
    cache = cache_of(found.cache_control)
    call_id = unseal_call_id(found.tool_use_id)
    return ToolResult(call_id, tuple(parts), found.is_error or False, cache)


def _inner(value: bytes, field: str) -> Text | Media | Other:
    """A part of a result: calls, results and thinking have no place in it."""
    part = _read_block(value, field)[0]
    return part if isinstance(part, Text | Media | Other) else Other(DIALECT, "part", value, field)
