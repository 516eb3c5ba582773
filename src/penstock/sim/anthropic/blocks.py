"""The content blocks of Anthropic's messages. Unknown members are rejected, as Anthropic does.

Blocks of Anthropic's own tools (web search, code execution) are not simulated.
"""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

_Id = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]+$")]


class CacheControl(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="ephemeral"
):
    """Marks the end of a prefix to cache."""

    ttl: Literal["5m", "1h"] = "5m"


class SimBlock(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", omit_defaults=True
):
    """A content block; each has a `type`."""


class CachedBlock(SimBlock, frozen=True):
    """A content block that may end a prefix to cache."""

    cache_control: CacheControl | None = None


class TextBlock(CachedBlock, frozen=True, tag="text", kw_only=True):
    text: str
    citations: list[Any] | None = None


class Base64Source(SimBlock, frozen=True, tag="base64"):
    data: str
    media_type: str


class UrlSource(SimBlock, frozen=True, tag="url"):
    url: Annotated[str, Meta(pattern=r"^https?://")]


class FileSource(SimBlock, frozen=True, tag="file"):
    file_id: str


class TextSource(SimBlock, frozen=True, tag="text"):
    data: Annotated[str, Meta(min_length=1)]
    media_type: Literal["text/plain"]


class ImageBlock(CachedBlock, frozen=True, tag="image", kw_only=True):
    source: Base64Source | UrlSource | FileSource
    transformations: dict[str, Any] | None = None


class ContentSource(SimBlock, frozen=True, tag="content"):
    content: str | list[TextBlock | ImageBlock]


class Citations(Struct, frozen=True, forbid_unknown_fields=True):
    enabled: bool = False


class DocumentBlock(CachedBlock, frozen=True, tag="document", kw_only=True):
    source: Base64Source | UrlSource | FileSource | TextSource | ContentSource
    citations: Citations | None = None
    context: str | None = None
    title: str | None = None


class SearchResultBlock(CachedBlock, frozen=True, tag="search_result", kw_only=True):
    content: list[TextBlock]
    source: str
    title: str
    citations: Citations | None = None


class ThinkingBlock(SimBlock, frozen=True, tag="thinking"):
    signature: str
    thinking: str


class RedactedThinkingBlock(SimBlock, frozen=True, tag="redacted_thinking"):
    data: str


class ToolUseBlock(CachedBlock, frozen=True, tag="tool_use", kw_only=True):
    id: _Id
    input: dict[str, Any]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    caller: dict[str, Any] | None = None
    toolset_name: str | None = None


ResultContent: TypeAlias = TextBlock | ImageBlock | DocumentBlock | SearchResultBlock


class ToolResultBlock(CachedBlock, frozen=True, tag="tool_result", kw_only=True):
    tool_use_id: _Id
    content: str | list[ResultContent] = ""
    is_error: bool | None = None
    toolset_name: str | None = None


AnyBlock: TypeAlias = (
    TextBlock
    | ImageBlock
    | DocumentBlock
    | SearchResultBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ToolResultBlock
)


def texts_of(content: str | list[ResultContent]) -> list[str]:
    """Returns the texts of a tool result."""
    if isinstance(content, str):
        return [content] if content else []
    return [block.text for block in content if isinstance(block, TextBlock)]
