"""Gemini's schemas: OpenAPI's, with names of types in capitals, as JSON schemas."""

from collections.abc import Mapping
from typing import Any, Final, cast

from penstock.kernel.errors import InvalidRequest
from penstock.sim.gemini.requests import camel_name
from penstock.sim.tool_schemas import schema_error

_KNOWN: Final = frozenset(
    [
        "type",
        "format",
        "title",
        "description",
        "nullable",
        "enum",
        "maxItems",
        "minItems",
        "properties",
        "required",
        "minProperties",
        "maxProperties",
        "minLength",
        "maxLength",
        "pattern",
        "example",
        "anyOf",
        "propertyOrdering",
        "default",
        "items",
        "minimum",
        "maximum",
        "additionalProperties",
        "$defs",
        "$ref",
    ]
)
_RENAMED: Final = {"defs": "$defs", "ref": "$ref"}
_DROPPED: Final = ("nullable", "format", "propertyOrdering", "example")
_DEEPEST: Final = 60


def json_schema(schema: Any, place: str, depth: int = 0) -> dict[str, Any]:
    """Returns an OpenAPI schema as a JSON schema. Raises `InvalidRequest` for unknown members."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        raise InvalidRequest(f"Invalid value at '{place}': it must be a schema", param=place)
    given = cast("Mapping[str, Any]", schema)
    names = {name: camel_name(name) for name in given}
    node = {_RENAMED.get(names[name], names[name]): value for name, value in given.items()}
    for name in node:
        if name not in _KNOWN:
            raise InvalidRequest(
                f"Invalid JSON payload received. Unknown name \"{name}\" at '{place}': Cannot find "
                "field.",
                param=place,
            )
    made = {name: value for name, value in node.items() if name not in _DROPPED}
    if isinstance(kind := node.get("type"), str):
        made["type"] = [kind.lower(), "null"] if node.get("nullable") is True else kind.lower()
    for keyword in ("properties", "$defs"):
        if isinstance(inner := node.get(keyword), Mapping):
            made[keyword] = {
                name: json_schema(value, f"{place}.{keyword}[{name}]", depth + 1)
                for name, value in cast("Mapping[str, Any]", inner).items()
            }
    if "items" in node:
        made["items"] = json_schema(node["items"], f"{place}.items", depth + 1)
    if isinstance(branches := node.get("anyOf"), list):
        made["anyOf"] = [
            json_schema(branch, f"{place}.any_of", depth + 1)
            for branch in cast("list[Any]", branches)
        ]
    return made


def checked_schema(schema: Any, place: str, *, openapi: bool) -> dict[str, Any]:
    """Returns a checked JSON schema. Raises `InvalidRequest`."""
    made = json_schema(schema, place) if openapi else schema
    wrong = schema_error(made)
    if not isinstance(made, dict) or wrong:
        raise InvalidRequest(
            f"Invalid value at '{place}': {wrong or 'it must be an object'}", param=place
        )
    return cast("dict[str, Any]", made)
