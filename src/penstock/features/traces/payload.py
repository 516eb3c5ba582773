"""Reads untrusted JSON of any shape and writes it compactly.

The nesting depth is limited here, so that recursive code never meets a deeper value.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, cast

import msgspec

Json = Any

# Values of a payload; one with more is shown as raw text.
MAX_VALUES: Final = 1_000_000
# Nesting depth of a payload; a deeper one is shown as raw text.
MAX_DEPTH: Final = 64


def is_too_large(text: str) -> bool:
    """Returns whether the text may have more than `MAX_VALUES` values, which take fifty times its
    size when they are decoded."""
    return len(text) > MAX_VALUES and text.count(",") > MAX_VALUES


def decode(text: str) -> Json:
    """Returns the value, or `None` if the text is empty, not JSON, too large, or nested too
    deeply."""
    if is_too_large(text):
        return None
    try:
        value = msgspec.json.decode(text) if text else None
    except (ValueError, RecursionError):
        return None
    # Few brackets cannot nest deeply, so that most values are not walked.
    if text.count("{") + text.count("[") > MAX_DEPTH and _is_deeper(value):
        return None
    return value


def _is_deeper(value: Json) -> bool:
    """Walks level by level, because recursion would fail on deep values."""
    level = _containers([value])
    for _ in range(MAX_DEPTH):
        if not level:
            return False
        level = [child for container in level for child in _containers(_children(container))]
    return bool(level)


def find_strings(value: Json, wanted: Collection[str]) -> dict[str, str]:
    """Returns the JSON pointers of the wanted strings in a value, the first of each. The start of a
    `data:` URL is not part of the string."""
    found: dict[str, str] = {}
    waiting: list[tuple[str, Json]] = [("", value)]
    while waiting:
        pointer, one = waiting.pop()
        if isinstance(one, str):
            data = one.partition(",")[2] or one if one.startswith("data:") else one
            if data in wanted:
                found.setdefault(data, pointer)
            continue
        children = mapping(one).items() or enumerate(items(one))
        waiting += [(f"{pointer}/{_step(name)}", child) for name, child in children][::-1]
    return found


def _step(name: str | int) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def encode(value: Json) -> str:
    """Returns compact JSON text, without escaping non-ASCII characters."""
    return msgspec.json.encode(value).decode()


def mapping(value: Json) -> Mapping[str, Json]:
    """Returns the object, or an empty one for any other value."""
    return cast("dict[str, Json]", value) if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """Returns the array, or an empty one for any other value."""
    return cast("list[Json]", value) if isinstance(value, list) else []


def string(value: Json) -> str:
    """Returns the string, or an empty one for any other value."""
    return value if isinstance(value, str) else ""


def _containers(values: Iterable[Json]) -> list[Json]:
    return [value for value in values if isinstance(value, list | dict)]


def _children(container: Json) -> Iterable[Json]:
    return mapping(container).values() or items(container)
