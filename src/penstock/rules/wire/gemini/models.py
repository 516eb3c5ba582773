"""The answer to `GET /v1beta/models`."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.models.facts import ListedModel

_PREFIX: Final = "models/"
_METHODS: Final = ("generateContent", "countTokens", "embedContent", "batchEmbedContents")


class _Model(msgspec.Struct):
    name: str


class _ModelList(msgspec.Struct):
    models: list[_Model] = []


def render_models(models: Iterable[ListedModel]) -> bytes:
    """Renders the list."""
    return msgspec.json.encode({"models": [_model(one) for one in models]})


def render_model(one: ListedModel) -> bytes:
    """Renders one model."""
    return msgspec.json.encode(_model(one))


def _model(one: ListedModel) -> dict[str, Any]:
    model: dict[str, Any] = {
        "name": _PREFIX + one.id,
        "displayName": one.id,
        "description": f"Served by {one.provider}.",
        "supportedGenerationMethods": _METHODS,
    }
    if one.known is not None:
        facts = one.known.model
        known = {
            "displayName": facts.title,
            "inputTokenLimit": facts.context_tokens,
            "outputTokenLimit": facts.output_tokens,
            "thinking": facts.reasoning,
        }
        model |= {name: value for name, value in known.items() if value not in (None, "")}
    return model


def read_model_list(body: bytes) -> tuple[str, ...]:
    """Reads the ids of a list. Raises `UpstreamFailed` if it is not one."""
    try:
        found = msgspec.json.decode(body, type=_ModelList)
    except msgspec.DecodeError:
        raise UpstreamFailed(
            "The provider's list of models is not in Gemini's format.",
            hint="Check its base URL: it ends in /v1beta.",
        ) from None
    return tuple(model.name.removeprefix(_PREFIX) for model in found.models)
