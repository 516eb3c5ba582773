"""JSON that strangers wrote: read without trusting its shape, written back compactly.

Depth is bounded here: nothing that recurses over a value meets one that is deeper.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import msgspec

Json = Any

# Arrays and objects inside each other in a payload; a deeper one is kept as raw text.
MAX_DEPTH: Final = 64
# The same in a stored column: messages hold values of payloads, a few levels further down.
MAX_STORED_DEPTH: Final = MAX_DEPTH + 16


def decode(text: str | bytes, max_depth: int = MAX_DEPTH) -> Json:
    """The value; `None` for what is no JSON, is empty, or nests deeper than `max_depth`."""
    try:
        value = msgspec.json.decode(text) if text else None
    except (ValueError, RecursionError):
        return None
    return None if _is_deeper(value, max_depth) else value


def decode_stored(text: str) -> Json:
    """The value of a stored column; `None` as for `decode`."""
    return decode(text, MAX_STORED_DEPTH)


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


def _is_deeper(value: Json, max_depth: int) -> bool:
    """Walks level by level: recursion is what must not happen."""
    level = _containers([value])
    for _ in range(max_depth):
        if not level:
            return False
        level = [child for container in level for child in _containers(_children(container))]
    return bool(level)


def _containers(values: Iterable[Json]) -> list[Json]:
    return [value for value in values if isinstance(value, list | dict)]


def _children(container: Json) -> Iterable[Json]:
    return mapping(container).values() or items(container)
