"""Reads and writes Anthropic's token counts.

Anthropic's `input_tokens` excludes cached tokens; `Usage.input_tokens` includes them. The counts of
a stream come in several events, each of which replaces the earlier values.
"""

from typing import Any, Final

import msgspec

from penstock.rules.call import Usage, UsageSource
from penstock.rules.formats.json_text import decode_json

MAX_TOKENS: Final = 2**53  # of one kind in one call: the largest count that JSON keeps exactly


class _CacheCreation(msgspec.Struct):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _ServerTools(msgspec.Struct):
    web_search_requests: int | None = None


class _OutputDetails(msgspec.Struct):
    thinking_tokens: int | None = None


class Counts(msgspec.Struct):
    """The members of `usage` that are read; `None` for one that an event does not have."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens_details: _OutputDetails | None = None
    server_tool_use: _ServerTools | None = None
    service_tier: str | None = None
    speed: str | None = None

    def update(self, later: "Counts") -> None:
        """Takes over the values that a later event has."""
        for name in self.__struct_fields__:
            if (value := getattr(later, name)) is not None:
                setattr(self, name, value)

    @property
    def tier(self) -> str:
        """The tier that sets the price: fast mode has prices of its own."""
        return "fast" if self.speed == "fast" else self.service_tier or ""

    @property
    def usage(self) -> Usage:
        """The neutral counts. If one is impossible (negative, above `MAX_TOKENS`), the source is
        `invalid` and all are zero."""
        created = self.cache_creation or _CacheCreation()
        long = created.ephemeral_1h_input_tokens or 0
        written = self.cache_creation_input_tokens or (
            long + (created.ephemeral_5m_input_tokens or 0)
        )
        read = self.cache_read_input_tokens or 0
        details = self.output_tokens_details or _OutputDetails()
        searches = (self.server_tool_use or _ServerTools()).web_search_requests or 0
        counts = (
            (self.input_tokens or 0),
            self.output_tokens or 0,
            read,
            written,
            details.thinking_tokens or 0,
            long,
            searches,
        )
        total = counts[0] + read + written
        if min(counts) < 0 or max(*counts, total) > MAX_TOKENS:
            return Usage(source=UsageSource.INVALID)
        return Usage(
            input_tokens=total,
            output_tokens=counts[1],
            cache_read_tokens=read,
            cache_write_tokens=written,
            reasoning_tokens=counts[4],
            source=UsageSource.PROVIDER,
            cache_write_1h_tokens=long,
            web_searches=searches,
        )


_decoder: Final = msgspec.json.Decoder(Counts)


def read_counts(document: bytes | msgspec.Raw) -> Counts | None:
    """Reads one `usage` object; `None` if it is absent, null or of another shape."""
    raw = bytes(document)
    if raw in (b"", b"null"):
        return None
    try:
        return decode_json(_decoder, raw)
    except msgspec.DecodeError:
        return None


def write_usage(usage: Usage) -> dict[str, Any]:
    """Writes a `usage` object."""
    cached = usage.cache_read_tokens + usage.cache_write_tokens
    written: dict[str, Any] = {
        "input_tokens": max(usage.input_tokens - cached, 0),
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
    }
    if usage.cache_write_tokens:
        written["cache_creation"] = {
            "ephemeral_5m_input_tokens": usage.cache_write_tokens - usage.cache_write_1h_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        }
    if usage.reasoning_tokens:
        written["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if usage.web_searches:
        written["server_tool_use"] = {"web_search_requests": usage.web_searches}
    return written
