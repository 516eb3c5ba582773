"""What of a prompt Anthropic's cache holds, and what a request writes to it, by its markers.

The prefix order is tools, system, messages. A request reads the longest prefix that was written
before, up to its last marker, and writes the rest up to there.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from penstock.sim.anthropic.blocks import (
    CacheControl,
    CachedBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    texts_of,
)
from penstock.sim.anthropic.requests import AnthropicMessage, CountRequest
from penstock.sim.prompt_cache import PromptCache
from penstock.sim.prompts import PromptTurn

_LEAST_TOKENS: Final = 1024  # shorter prefixes are not cached
_LIFETIMES_S: Final = {"5m": 300.0, "1h": 3600.0}

_encode: Final = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Tokens that a request read from the cache and wrote to it, by lifetime."""

    read: int = 0
    written_5m: int = 0
    written_1h: int = 0


@dataclass(frozen=True, slots=True)
class _Boundary:
    """The end of a block: all before it as a digest, its tokens, and its marker."""

    digest: bytes
    tokens: int
    marker: CacheControl | None


def use_cache(
    cache: PromptCache, request: CountRequest, messages: Sequence[AnthropicMessage]
) -> CacheUse:
    """Reads and writes the prefixes that the request marks."""
    boundaries = list(_boundaries(request, messages))
    marked = [b for b in boundaries if b.marker and b.tokens >= _LEAST_TOKENS]
    if not marked:
        return CacheUse()
    before = [b for b in boundaries if b.tokens <= marked[-1].tokens]
    read = next((b.tokens for b in reversed(before) if cache.use(b.digest)), 0)
    written = {"5m": 0, "1h": 0}
    done = read
    for boundary in marked:
        lifetime = boundary.marker.ttl if boundary.marker else "5m"
        if boundary.tokens > read:
            cache.write(boundary.digest, _LIFETIMES_S[lifetime])
        written[lifetime] += max(boundary.tokens - done, 0)
        done = max(boundary.tokens, done)
    return CacheUse(read, written["5m"], written["1h"])


def _boundaries(request: CountRequest, messages: Sequence[AnthropicMessage]) -> Iterator[_Boundary]:
    state = hashlib.blake2b(request.model.encode(), digest_size=16)
    tokens = 0
    last = len(messages) - 1
    for block, marker, size in _blocks(request, messages):
        state.update(_encode(block))
        tokens += size
        yield _Boundary(state.digest(), tokens, marker)
    if request.cache_control and last >= 0:
        yield _Boundary(state.digest(), tokens, request.cache_control)


def _blocks(
    request: CountRequest, messages: Sequence[AnthropicMessage]
) -> Iterator[tuple[Any, CacheControl | None, int]]:
    """Yields each block without its marker, the marker, and the block's tokens."""
    for tool in request.tools:
        marker = tool.get("cache_control")
        bare = {name: value for name, value in tool.items() if name != "cache_control"}
        size = (len(_encode(bare)) + 3) // 4
        yield bare, msgspec.convert(marker, CacheControl) if marker else None, size
    system = request.system
    for block in [TextBlock(text=system)] if isinstance(system, str) else system:
        yield _bare("system", block)
    for message in messages:
        content = message.content
        for block in [TextBlock(text=content)] if isinstance(content, str) else content:
            if isinstance(block, CachedBlock):
                yield _bare(message.role, block)


def _bare(role: str, block: CachedBlock) -> tuple[Any, CacheControl | None, int]:
    bare = msgspec.structs.replace(block, cache_control=None)
    return (role, bare), block.cache_control, block_turn("user", block).tokens - 4


def block_turn(role: Any, block: object) -> PromptTurn:
    """Returns a block as a turn: what its tokens are counted by."""
    match block:
        case TextBlock():
            return PromptTurn(role, (block.text,))
        case ToolUseBlock():
            return PromptTurn(role, calls_size=len(block.name) + len(_encode(block.input)))
        case ToolResultBlock():
            texts = texts_of(block.content)
            media = 0 if isinstance(block.content, str) else len(block.content) - len(texts)
            return PromptTurn("tool", texts, media=media)
        case ThinkingBlock():
            return PromptTurn(role)  # earlier thinking is not part of the prompt
        case _:
            return PromptTurn(role, media=1)
