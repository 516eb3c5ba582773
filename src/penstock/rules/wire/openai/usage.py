"""Reads token counts in the formats of OpenAI and compatible vendors."""

import math
from typing import Final

import msgspec

from penstock.rules.call import Usage, UsageSource
from penstock.rules.formats.json_text import decode_json
from penstock.rules.wire.tail import last_object

MAX_TOKENS: Final = 2**53  # of one kind in one call: the largest count that JSON keeps exactly


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    prompt_cache_hit_tokens: int | None = None  # DeepSeek


class _MediaDetails(msgspec.Struct):
    image_tokens: int | None = None
    audio_tokens: int | None = None


class _MediaUsage(msgspec.Struct):
    """The usage of images, transcriptions and rerankings."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    input_tokens_details: _MediaDetails | None = None  # images
    input_token_details: _MediaDetails | None = None  # transcriptions
    output_tokens_details: _MediaDetails | None = None
    seconds: float | None = None  # of audio
    prompt_audio_seconds: float | None = None  # Mistral


_decoder: Final = msgspec.json.Decoder(_Usage, strict=False)
_media_decoder: Final = msgspec.json.Decoder(_MediaUsage, strict=False)
_PROVIDER: Final = UsageSource.PROVIDER  # in Python 3.11 reading a member is slow
_INVALID: Final = Usage(source=UsageSource.INVALID)
_NO_INPUT: Final = _InputDetails()
_NO_OUTPUT: Final = _OutputDetails()
_NO_MEDIA: Final = _MediaDetails()


def read_usage(document: bytes | msgspec.Raw | None) -> Usage | None:
    """Reads one `usage` object; `None` if it is absent, null or of another shape.

    If one count is impossible (negative, above `MAX_TOKENS`), the source is `invalid` and all
    counts are zero.
    """
    if not document:
        return None
    try:
        found = decode_json(_decoder, bytes(document))
    except msgspec.DecodeError:
        return None
    if found.prompt_tokens is None and found.completion_tokens is None:
        return _read_media_usage(bytes(document))
    given = found.prompt_tokens_details or _NO_INPUT
    made = found.completion_tokens_details or _NO_OUTPUT
    counts = (
        found.prompt_tokens or 0,
        found.completion_tokens or 0,
        given.cached_tokens or found.prompt_cache_hit_tokens or 0,
        given.cache_write_tokens or 0,
        made.reasoning_tokens or 0,
        given.audio_tokens or 0,
        made.audio_tokens or 0,
        given.image_tokens or 0,
    )
    prompt, completion, cached, written, reasoning, heard, spoken, seen = counts
    # All bits together: negative if one count is, and not less than any; `min` and `max` are slow.
    every = prompt | completion | cached | written | reasoning | heard | spoken | seen
    if not 0 <= every <= MAX_TOKENS and (min(counts) < 0 or max(counts) > MAX_TOKENS):
        return _INVALID
    return Usage(prompt, completion, cached, written, reasoning, heard, spoken, _PROVIDER, 0, seen)


def _read_media_usage(document: bytes) -> Usage | None:
    """Reads the usage of an answer that is no chat. Models of images that do not split their output
    make images of it."""
    try:
        found = decode_json(_media_decoder, document)
    except msgspec.DecodeError:
        return None
    given = found.input_tokens_details or found.input_token_details or _NO_MEDIA
    made = found.output_tokens_details or _NO_MEDIA
    output = found.output_tokens or 0
    makes_images = given.image_tokens is not None and found.output_tokens_details is None
    counts = {
        "input_tokens": (found.total_tokens if found.input_tokens is None else found.input_tokens)
        or 0,
        "output_tokens": output,
        "input_audio_tokens": given.audio_tokens or 0,
        "input_image_tokens": given.image_tokens or 0,
        "output_image_tokens": output if makes_images else made.image_tokens or 0,
    }
    seconds = found.seconds or found.prompt_audio_seconds or 0.0
    if min(*counts.values(), seconds) < 0 or max(*counts.values(), seconds) > MAX_TOKENS:
        return _INVALID
    return Usage(**counts, source=_PROVIDER, input_audio_seconds=math.ceil(seconds))


def usage_in_tail(tail: bytes) -> Usage | None:
    """Reads the last `usage` object in the end of an answer that is too large to keep whole."""
    return read_usage(last_object(tail, b"usage"))
