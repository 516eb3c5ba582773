"""Reads and writes token counts. `candidatesTokenCount` excludes the thoughts, `promptTokenCount`
excludes the prompts that tools add; the neutral counts include both."""

from typing import Any, Final

import msgspec

from penstock.rules.call import Usage, UsageSource
from penstock.rules.formats.json_text import decode_json

MAX_TOKENS: Final = 2**53  # of one kind in one call: the largest count that JSON keeps exactly


class _Modality(msgspec.Struct, rename="camel"):
    modality: str | None = None
    token_count: int | None = None


class _Metadata(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    prompt_tokens_details: list[_Modality] | None = None
    tool_use_prompt_tokens_details: list[_Modality] | None = None
    candidates_tokens_details: list[_Modality] | None = None
    cache_tokens_details: list[_Modality] | None = None
    traffic_type: str | None = None
    service_tier: str | None = None


_decoder: Final = msgspec.json.Decoder(_Metadata, strict=False)
_INVALID: Final = Usage(source=UsageSource.INVALID)
_TIERS: Final = {"ON_DEMAND_PRIORITY": "priority", "ON_DEMAND_FLEX": "flex"}


def read_usage(document: bytes) -> tuple[Usage, str] | None:
    """Reads one `usageMetadata` and its service tier; `None` if it is absent or of another shape.

    If one count is impossible (negative, above `MAX_TOKENS`), the source is `invalid` and all
    counts are zero.
    """
    if not document:
        return None
    try:
        found = decode_json(_decoder, document)
    except msgspec.DecodeError:
        return None
    tier = (found.service_tier or "").lower() or _TIERS.get(found.traffic_type or "", "")
    return _usage(found), "" if tier == "standard" else tier


def _usage(found: _Metadata) -> Usage:
    thoughts = found.thoughts_token_count or 0
    given = (found.prompt_tokens_details or []) + (found.tool_use_prompt_tokens_details or [])
    made = found.candidates_tokens_details or []
    cached = found.cache_tokens_details or []
    cached_audio, cached_image = _of(cached, "AUDIO"), _of(cached, "IMAGE")
    counts = {
        "input_tokens": (found.prompt_token_count or 0) + (found.tool_use_prompt_token_count or 0),
        "output_tokens": (found.candidates_token_count or 0) + thoughts,
        "cache_read_tokens": found.cached_content_token_count or 0,
        "reasoning_tokens": thoughts,
        "input_audio_tokens": _of(given, "AUDIO"),
        "output_audio_tokens": _of(made, "AUDIO"),
        "input_image_tokens": _of(given, "IMAGE"),
        "output_image_tokens": _of(made, "IMAGE"),
        "cache_audio_read_tokens": cached_audio,
        "cache_image_read_tokens": cached_image,
        "cache_text_read_tokens": sum(each.token_count or 0 for each in cached)
        - cached_audio
        - cached_image,
    }
    parts = (found.prompt_token_count or 0, found.candidates_token_count or 0, *counts.values())
    if min(parts) < 0 or max(parts) > MAX_TOKENS:
        return _INVALID
    return Usage(**counts, source=UsageSource.PROVIDER)


def write_usage(usage: Usage) -> dict[str, Any]:
    """Writes `usageMetadata`."""
    counts = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": max(usage.output_tokens - usage.reasoning_tokens, 0),
        "totalTokenCount": usage.input_tokens + usage.output_tokens,
        "cachedContentTokenCount": usage.cache_read_tokens,
        "cacheTokensDetails": _details(
            usage.cache_audio_read_tokens,
            usage.cache_image_read_tokens,
            usage.cache_text_read_tokens,
        ),
        "thoughtsTokenCount": usage.reasoning_tokens,
        "promptTokensDetails": _details(usage.input_audio_tokens, usage.input_image_tokens),
        "candidatesTokensDetails": _details(usage.output_audio_tokens, usage.output_image_tokens),
    }
    always = ("promptTokenCount", "candidatesTokenCount", "totalTokenCount")
    return {name: value for name, value in counts.items() if value or name in always}


def _of(details: list[_Modality], modality: str) -> int:
    return sum(each.token_count or 0 for each in details if each.modality == modality)


def _details(audio: int, image: int, text: int = 0) -> list[dict[str, Any]]:
    counts = {"TEXT": text, "AUDIO": audio, "IMAGE": image}
    return [{"modality": name, "tokenCount": count} for name, count in counts.items() if count]
