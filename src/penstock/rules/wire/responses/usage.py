"""Reads and writes token counts of the Responses API."""

from typing import Any, Final

import msgspec

from penstock.rules.call import Usage, UsageSource
from penstock.rules.formats.json_text import decode_json
from penstock.rules.wire.openai.usage import MAX_TOKENS
from penstock.rules.wire.tail import last_object


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _WebSearch(msgspec.Struct):
    num_requests: int | None = None


class _ToolUsage(msgspec.Struct):
    web_search: _WebSearch | None = None


_decoder: Final = msgspec.json.Decoder(_Usage, strict=False)
_tools_decoder: Final = msgspec.json.Decoder(_ToolUsage, strict=False)
_INVALID: Final = Usage(source=UsageSource.INVALID)
_NO_INPUT: Final = _InputDetails()
_NO_OUTPUT: Final = _OutputDetails()


def read_usage(document: bytes, tools: bytes = b"") -> Usage | None:
    """Reads `usage` and `tool_usage`; `None` if the former is absent, null or of another shape.

    If one count is impossible (negative, above `MAX_TOKENS`), the source is `invalid` and all
    counts are zero.
    """
    if not document or document == b"null":
        return None
    try:
        found = decode_json(_decoder, document)
    except msgspec.DecodeError:
        return None
    given = found.input_tokens_details or _NO_INPUT
    made = found.output_tokens_details or _NO_OUTPUT
    counts = (
        found.input_tokens or 0,
        found.output_tokens or 0,
        given.cached_tokens or 0,
        given.cache_write_tokens or 0,
        made.reasoning_tokens or 0,
    )
    searches = _read_searches(tools)
    if min(*counts, searches) < 0 or max(*counts, searches) > MAX_TOKENS:
        return _INVALID
    return Usage(*counts, source=UsageSource.PROVIDER, web_searches=searches)


def usage_in_tail(tail: bytes) -> Usage | None:
    """Reads the counts in the end of an answer that is too large to keep whole."""
    return read_usage(last_object(tail, b"usage"), last_object(tail, b"tool_usage"))


def _read_searches(document: bytes) -> int:
    try:
        found = decode_json(_tools_decoder, document) if document else None
    except msgspec.DecodeError:
        return 0
    searches = found.web_search if found is not None else None
    return (searches.num_requests or 0) if searches is not None else 0


def write_usage(usage: Usage) -> dict[str, Any]:
    """Writes a `usage` object."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
