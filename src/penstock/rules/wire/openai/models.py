"""The answers to `GET /v1/models` and `GET /v1/models/{model}`, with the facts of models.

Facts are further members. Their names are those that clients know: `shutdown_date` of OpenAI's own
list; `context_length`, `architecture`, `top_provider` and `supported_parameters` of OpenRouter's.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from penstock.rules.models.facts import ListedModel, Modality, ModelFacts, retirement

_MODALITIES: Final = {Modality.DOCUMENT: "file", Modality.EMBEDDING: "embeddings"}


def render_models(models: Iterable[ListedModel], created_s: int) -> bytes:
    """Renders the list. `created_s` is the time of the call in Unix seconds."""
    data = [_model(one, created_s) for one in models]
    return msgspec.json.encode({"object": "list", "data": data})


def render_model(one: ListedModel, created_s: int) -> bytes:
    """Renders one model."""
    return msgspec.json.encode(_model(one, created_s))


def _model(one: ListedModel, created_s: int) -> dict[str, Any]:
    today = datetime.fromtimestamp(created_s, UTC).date()
    written = {"id": one.id, "object": "model", "created": created_s, "owned_by": one.provider}
    return written | dict(_facts(one, today))


def _facts(one: ListedModel, today: date) -> Iterator[tuple[str, Any]]:
    """Yields the members of what is known."""
    if one.known is None:
        return
    facts = one.known.model
    if facts.title:
        yield "name", facts.title
    if facts.context_tokens is not None:
        yield "context_length", facts.context_tokens
    if facts.inputs:
        yield "architecture", _architecture(facts)
    if facts.output_tokens is not None:
        yield "top_provider", _limits(facts)
    if parameters := list(_parameters(facts)):
        yield "supported_parameters", parameters
    end = retirement(one.known, today)
    if end is not None:
        yield "shutdown_date", end.on.isoformat()
        if end.warns:
            yield "warning", end.sentence(one.id)


def _architecture(facts: ModelFacts) -> dict[str, list[str]]:
    return {
        "input_modalities": [_MODALITIES.get(one, one.value) for one in facts.inputs],
        "output_modalities": [_MODALITIES.get(one, one.value) for one in facts.outputs],
    }


def _limits(facts: ModelFacts) -> dict[str, int | None]:
    return {
        "context_length": facts.context_tokens,
        "max_completion_tokens": facts.output_tokens,
    }


def _parameters(facts: ModelFacts) -> Iterator[str]:
    if facts.tools:
        yield from ("tools", "tool_choice")
    if facts.structured_output:
        yield from ("response_format", "structured_outputs")
    if facts.reasoning:
        yield "reasoning_effort"
