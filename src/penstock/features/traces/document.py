"""Converts a stored span to OpenTelemetry attributes (GenAI conventions)."""

from collections.abc import Mapping
from typing import Any, Final

from penstock.features.traces.model import CALL, SpanRecord
from penstock.features.traces.payload import Json, decode
from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.neutral.translation import ChangeKind

# Attribute → field; empty and zero values are left out. Input tokens include cached tokens.
_ATTRIBUTES: Final[Mapping[str, str]] = {
    "gen_ai.operation.name": "operation",
    "gen_ai.provider.name": "provider",
    "gen_ai.request.model": "request_model",
    "gen_ai.request.stream": "stream",
    "gen_ai.response.model": "response_model",
    "gen_ai.response.id": "response_id",
    "openai.response.system_fingerprint": "fingerprint",
    "gen_ai.response.finish_reasons": "finish_reasons",
    "gen_ai.usage.input_tokens": "input_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cache_read_tokens",
    "gen_ai.usage.cache_write.input_tokens": "cache_write_tokens",
    "penstock.usage.cache_write_1h.input_tokens": "cache_write_1h_tokens",
    "gen_ai.usage.reasoning.output_tokens": "reasoning_tokens",
    "gen_ai.usage.audio.input_tokens": "input_audio_tokens",
    "gen_ai.usage.audio.output_tokens": "output_audio_tokens",
    "gen_ai.usage.image.input_tokens": "input_image_tokens",
    "gen_ai.usage.image.output_tokens": "output_image_tokens",
    "penstock.usage.web_searches": "web_searches",
    "penstock.usage.audio.input_seconds": "input_audio_seconds",
    "penstock.usage.rerank_searches": "rerank_searches",
    "penstock.usage.cache_read.audio.input_tokens": "cache_audio_read_tokens",
    "penstock.usage.cache_read.image.input_tokens": "cache_image_read_tokens",
    "penstock.usage.cache_read.text.input_tokens": "cache_text_read_tokens",
    "penstock.usage.input_characters": "input_characters",
    "error.type": "error_type",
    "http.response.status_code": "http_status",
    "server.address": "server_address",
    "server.port": "server_port",
    "penstock.key.id": "key_id",
    "penstock.model": "model",
    "penstock.dialect": "dialect",
    "penstock.provider.dialect": "answer_dialect",
    "penstock.usage.source": "usage_source",
    "penstock.price.id": "price_id",
    "penstock.snapshot": "snapshot",
    "penstock.writer": "writer",
    "penstock.request.size": "request_size",
    "penstock.request.digest": "request_digest",
    "penstock.request.codec": "codec",
    "penstock.request.headers": "request_headers",
    "penstock.response.size": "response_size",
}
_SECOND: Final = 1e9
_MILLISECOND: Final = 1e6


def span_name(span: SpanRecord) -> str:
    """Returns `{operation} {model}`, as the conventions define it."""
    return f"{span.operation} {span.model or span.request_model}".strip()


def span_attributes(span: SpanRecord) -> dict[str, Any]:
    """Returns the attributes of a span, without its content."""
    attributes: dict[str, Any] = {
        name: value for name, field in _ATTRIBUTES.items() if (value := getattr(span, field))
    }
    for each in CALL_ATTRIBUTES:
        if value := span.caller[each.name]:
            attributes[each.span] = value
    attributes |= {f"penstock.tag.{key}": value for key, value in span.tags.items()}
    for kind in ChangeKind:
        if fields := changed_fields(span, kind):
            attributes[f"penstock.translation.{kind.value}"] = fields
    if span.ttft_ns is not None:
        attributes["gen_ai.response.time_to_first_chunk"] = span.ttft_ns / _SECOND
    if span.kind == CALL:
        attributes["penstock.overhead_ms"] = span.overhead_ns / _MILLISECOND
    return attributes | {name: _value(text) for name, text in span.attributes.items()}


def changed_fields(span: SpanRecord, kind: ChangeKind) -> list[str]:
    """Returns the fields that the translation of an attempt's request dropped or changed."""
    start = f"{kind.value}:"
    return [one.removeprefix(start) for one in span.changes if one.startswith(start)]


def _value(text: str) -> Json:
    """Decodes the JSON text of a stored attribute; returns text that is not valid JSON as it is."""
    value = decode(text)
    return text if value is None else value
