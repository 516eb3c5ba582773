"""Names of secrets with a field, such as `secret/openai#key`, and texts of JSON documents."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import msgspec

from penstock.kernel.errors import UpstreamFailed

_JSON = msgspec.json.Decoder(dict[str, Any])


class SecretName(NamedTuple):
    """A path or name, and a field of it; empty if none is named."""

    path: str
    field: str


def split_name(name: str) -> SecretName:
    """Splits at the last `#`."""
    path, hash_, field = name.rpartition("#")
    return SecretName(path, field) if hash_ else SecretName(name, "")


def refusal(manager: str, status: int, advice: Mapping[int, str]) -> UpstreamFailed:
    """Returns the error for an answer without a secret. `advice`: what to do, by status."""
    return UpstreamFailed(f"{manager} answered {status}.", hint=advice.get(status, ""))


def decode_object(body: bytes | str) -> dict[str, Any]:
    """Returns a JSON object. Raises `UpstreamFailed` for anything else."""
    try:
        return _JSON.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise UpstreamFailed("The answer is not a JSON object.") from None


def text_of(values: object, field: str) -> str:
    """Returns a text that is not empty. Raises `UpstreamFailed`, without any value."""
    value = cast("dict[str, object]", values).get(field) if isinstance(values, dict) else None
    if isinstance(value, str) and value:
        return value
    raise UpstreamFailed(f"The secret has no text {field!r}.")
