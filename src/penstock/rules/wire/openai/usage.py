"""Token counts as OpenAI and its compatible vendors report them, in our own `Usage`."""

import re
from typing import Final

import msgspec

from penstock.rules.call import Usage, UsageSource

BYTES_PER_TOKEN: Final = 4  # the usual rule of thumb; only for calls that were cut off


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None  # OpenRouter
    audio_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    prompt_cache_hit_tokens: int | None = None  # DeepSeek


_decoder: Final = msgspec.json.Decoder(_Usage, strict=False)
_LAST_USAGE: Final = re.compile(rb'"usage"\s*:\s*(?=\{)')


def read_usage(document: bytes | msgspec.Raw | None) -> Usage | None:
    """The counts of one `usage` object; `None` if it is absent, null or not such an object."""
    if not document:
        return None
    try:
        found = _decoder.decode(document)
    except msgspec.DecodeError:
        return None
    given = found.prompt_tokens_details or _InputDetails()
    made = found.completion_tokens_details or _OutputDetails()
    return Usage(
        input_tokens=found.prompt_tokens or 0,
        output_tokens=found.completion_tokens or 0,
        cache_read_tokens=given.cached_tokens or found.prompt_cache_hit_tokens or 0,
        cache_write_tokens=given.cache_write_tokens or 0,
        reasoning_tokens=made.reasoning_tokens or 0,
        input_audio_tokens=given.audio_tokens or 0,
        output_audio_tokens=made.audio_tokens or 0,
        source=UsageSource.PROVIDER,
    )


def usage_in_tail(tail: bytes) -> Usage | None:
    """The last `usage` object in the end of an answer too large to be kept whole."""
    for match in reversed(list(_LAST_USAGE.finditer(tail))):
        depth = 0
        for at in range(match.end(), len(tail)):
            depth += (tail[at] == 0x7B) - (tail[at] == 0x7D)
            if depth == 0:
                return read_usage(tail[match.end() : at + 1])
    return None


def estimate_usage(request_size: int, delta_count: int) -> Usage:
    """What a call that was cut off has used, as well as one can tell: a delta is about a token."""
    return Usage(
        input_tokens=-(-request_size // BYTES_PER_TOKEN),
        output_tokens=delta_count,
        source=UsageSource.ESTIMATED,
    )
