"""Shows the parameters of a request as `gen_ai.*` attributes."""

from collections.abc import Mapping
from typing import Final

from penstock.features.traces.payload import Json, encode, mapping, string

# Characters of one attribute; a longer value becomes its JSON text, cut.
MAX_ATTRIBUTE: Final = 4096

_NAMES: Final[Mapping[str, str]] = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "stop": "gen_ai.request.stop_sequences",
    "n": "gen_ai.request.choice.count",
    "reasoning_effort": "gen_ai.request.reasoning.level",
    "reasoning_budget": "penstock.request.reasoning.budget",
    "service_tier": "openai.request.service_tier",
    "dimensions": "gen_ai.embeddings.dimension.count",
    "encoding_format": "gen_ai.request.encoding_formats",
    "size": "penstock.request.image.size",
    "quality": "penstock.request.image.quality",
    "voice": "penstock.request.audio.voice",
    "language": "penstock.request.audio.language",
    "top_n": "penstock.request.rerank.top_n",
}
_LISTS: Final = frozenset({"stop", "encoding_format"})  # lists by convention, one value on the wire
_OUTPUT_TYPES: Final[Mapping[str, str]] = {
    "text": "text",
    "json_object": "json",
    "json_schema": "json",
}


def request_attributes(body: Mapping[str, Json]) -> dict[str, Json]:
    """Returns the parameters of a request, by their names in OpenAI's format, as attributes."""
    attributes = {
        name: _bounded([value] if field in _LISTS and isinstance(value, str) else value)
        for field, name in _NAMES.items()
        if (value := body.get(field)) is not None
    }
    output = _OUTPUT_TYPES.get(string(mapping(body.get("response_format")).get("type")))
    if output:
        attributes["gen_ai.output.type"] = output
    return attributes


def _bounded(value: Json) -> Json:
    text = encode(value)
    return value if len(text) <= MAX_ATTRIBUTE else text[:MAX_ATTRIBUTE]
