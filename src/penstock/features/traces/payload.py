"""JSON that strangers wrote: read without trusting its shape, written back compactly."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

Json = Any


def decode(text: str | bytes) -> Json:
    """The value; `None` for what is no JSON, is empty, or nests too deep."""
    try:
        return msgspec.json.decode(text) if text else None
    except (ValueError, RecursionError):
        return None


def encode(value: Json) -> str:
    """Compact JSON text, non-ASCII letters as they are."""
    return msgspec.json.encode(value).decode()


def mapping(value: Json) -> Mapping[str, Json]:
    """The object, or an empty one for anything else."""
    return cast("dict[str, Json]", value) if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """The array, or an empty one for anything else."""
    return cast("list[Json]", value) if isinstance(value, list) else []


def string(value: Json) -> str:
    """The string, or an empty one for anything else."""
    return value if isinstance(value, str) else ""
