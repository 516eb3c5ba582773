"""Checks the JSON schemas of tools and documents, as vendors do before they call a model."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

_TYPES: Final = frozenset(["object", "array", "string", "integer", "number", "boolean", "null"])
_SCHEMAS: Final = ("properties", "$defs", "definitions", "patternProperties")
_LISTS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_NESTED: Final = ("items", "additionalProperties", "not")
_DEEPEST: Final = 60
_MOST: Final = 2**53 - 1  # beyond, numbers are not exact; schemas of JavaScript name this bound
_NUMBERS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTS: Final = (
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
)


def schema_error(schema: Any, path: str = "", depth: int = 0) -> str:
    """Returns why `schema` is no JSON schema (2020-12), with its place; "" if it is one."""
    if isinstance(schema, bool):
        return ""
    if not isinstance(schema, Mapping):
        return f"{path or 'the schema'} must be an object"
    if depth > _DEEPEST:
        return f"{path} is nested too deep"
    node = cast("Mapping[str, Any]", schema)
    if wrong := _keyword_error(node):
        return f"{path}.{wrong}".lstrip(".")
    for place, inner in _inner(node):
        if wrong := schema_error(inner, f"{path}.{place}".lstrip("."), depth + 1):
            return wrong
    return ""


def _keyword_error(schema: Mapping[str, Any]) -> str:
    """Returns the first keyword whose value has the wrong type."""
    stated = schema.get("type", "object")
    types = cast("list[Any]", stated) if isinstance(stated, list) else [stated]
    if not types or not all(isinstance(name, str) and name in _TYPES for name in types):
        return "type is unknown"
    if "required" in schema and not _is_names(schema["required"]):
        return "required must be a list of names"
    if "enum" in schema and not (isinstance(schema["enum"], list) and schema["enum"]):
        return "enum must be a list with values"
    for name in (*_NUMBERS, *_COUNTS):
        if name in schema and not _is_number(schema[name], count=name in _COUNTS):
            return f"{name} must be a number"
    if "multipleOf" in schema and schema["multipleOf"] <= 0:
        return "multipleOf must be above 0"
    for name in ("pattern", "format", "$ref"):
        if name in schema and not isinstance(schema[name], str):
            return f"{name} must be a string"
    return next((f"{n} must be an object" for n in _SCHEMAS if _is_other(schema, n, dict)), "") or (
        next((f"{n} must be a list" for n in _LISTS if _is_other(schema, n, list)), "")
    )


def _inner(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for keyword in _SCHEMAS:
        for name, inner in schema.get(keyword, {}).items():
            yield f"{keyword}.{name}", inner
    for keyword in _LISTS:
        for index, inner in enumerate(schema.get(keyword, ())):
            yield f"{keyword}.{index}", inner
    for keyword in _NESTED:
        if keyword in schema:
            yield keyword, schema[keyword]


def _is_other(schema: Mapping[str, Any], name: str, kind: type) -> bool:
    return name in schema and not isinstance(schema[name], kind)


def _is_names(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    return all(isinstance(name, str) for name in cast("list[Any]", value))


def _is_number(value: Any, *, count: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _MOST:
        return False
    return not count or (isinstance(value, int) and value >= 0)
