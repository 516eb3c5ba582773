"""Closes JSON schemas: Anthropic's structured output wants `additionalProperties: false` on every
object."""

from typing import Any, Final, cast

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.json_text import decode_json

_MAX_DEPTH: Final = 64  # of schemas in each other
_ONE: Final = ("items", "not", "contains")
_LISTS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_MAPS: Final = ("properties", "$defs", "definitions", "patternProperties")
_decoder: Final = msgspec.json.Decoder()


def closed_schema(schema: bytes, field: str) -> tuple[bytes, bool]:
    """Returns the schema with all objects closed, and whether that changed it. Raises
    `InvalidRequest` with `field` for what is no schema."""
    try:
        found = decode_json(_decoder, schema)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"{field} is wrong: {error}.", param=field) from None
    changed = _close(found, _MAX_DEPTH, field)
    return (msgspec.json.encode(found), True) if changed else (schema, False)


def _close(found: object, depth: int, field: str) -> bool:
    if not isinstance(found, dict):
        return False
    if not depth:
        raise InvalidRequest(f"{field} is nested too deeply.", param=field)
    schema = cast("dict[str, Any]", found)
    changed = False
    if _is_object(schema) and schema.get("additionalProperties") is not False:
        schema["additionalProperties"] = False
        changed = True
    for inner in _inner(schema):
        changed |= _close(inner, depth - 1, field)
    return changed


def _is_object(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    named = kind == "object" or (isinstance(kind, list) and "object" in kind)
    return named or "properties" in schema


def _inner(schema: dict[str, Any]) -> list[object]:
    found: list[object] = [schema[name] for name in _ONE if name in schema]
    for name in _LISTS:
        if isinstance(schema.get(name), list):
            found += schema[name]
    for name in _MAPS:
        if isinstance(schema.get(name), dict):
            found += schema[name].values()
    return found
