"""JSON in texts, and comparison of JSON values as JSON has it: true is not 1, 1 is 1.0."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

MAX_DEPTH: Final = 100  # of JSON in an answer; deeper JSON counts as none


def parsed_json(text: str) -> Any:
    """Returns the value of a JSON text. Raises `ValueError` if it is none, names a key twice, has
    numbers such as NaN that JSON lacks, or is nested too deeply."""
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _members(each)]
        if not level:
            return value
    raise ValueError("it is nested too deeply")


def json_or_text(value: Any) -> Any:
    """Returns the JSON value of a text that is one; otherwise the value itself. Datasets made of
    CSV have JSON values as texts."""
    if not isinstance(value, str):
        return value
    try:
        return parsed_json(value)
    except ValueError:
        return value


def same_json(one: Any, other: Any) -> bool:
    """Returns whether two JSON values are equal."""
    if is_object(one) and is_object(other):
        return one.keys() == other.keys() and all(same_json(one[key], other[key]) for key in one)
    if is_array(one) and is_array(other):
        return len(one) == len(other) and all(map(same_json, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def is_object(value: Any) -> bool:
    """Returns whether it is a JSON object."""
    return isinstance(value, Mapping)


def is_array(value: Any) -> bool:
    """Returns whether it is a JSON array."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def fields_of(value: Any, prefix: str = "") -> dict[str, Any]:
    """Returns the leaves of a JSON object by their path, such as `address.city` and `lines.0`.
    A value that is no object or array is a leaf; an empty one too."""
    if is_object(value) and value:
        pairs = [(str(key), inner) for key, inner in cast("Mapping[Any, Any]", value).items()]
    elif is_array(value) and value:
        pairs = [(str(at), inner) for at, inner in enumerate(value)]
    else:
        return {prefix: value}
    found: dict[str, Any] = {}
    for key, inner in pairs:
        found |= fields_of(inner, f"{prefix}.{key}" if prefix else key)
    return found


def _members(value: Any) -> Iterable[Any]:
    if is_object(value):
        return cast("Mapping[Any, Any]", value).values()
    return cast("Sequence[Any]", value) if is_array(value) else ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object names a key twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
