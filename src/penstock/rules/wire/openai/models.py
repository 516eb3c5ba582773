"""The answer to `GET /v1/models`."""

from collections.abc import Iterable

import msgspec


def render_models(models: Iterable[tuple[str, str]], created_s: int) -> bytes:
    """Renders the list. `models` are (id, owner) pairs; `created_s` is Unix seconds for all."""
    data = [
        {"id": model, "object": "model", "created": created_s, "owned_by": owner}
        for model, owner in models
    ]
    return msgspec.json.encode({"object": "list", "data": data})
