"""Reads the API's own schemas (a subset of OpenAPI) as JSON schemas.

The API also takes JSON schemas as they are (`parametersJsonSchema`, `responseJsonSchema`); these
are what we write.
"""

from typing import Any, Final

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.json_text import decode_json
from penstock.rules.wire.gemini.spelling import spelled_once

_MAX_DEPTH: Final = 64  # of schemas in each other
_COUNTS: Final = frozenset(
    (
        *("minItems", "maxItems", "minLength", "maxLength"),
        *("minProperties", "maxProperties"),
    )
)
_LISTS: Final = frozenset(("anyOf", "prefixItems"))
_MAPS: Final = frozenset(("properties", "defs"))
_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array: Final = msgspec.json.Decoder(list[msgspec.Raw])
_count: Final = msgspec.json.Decoder(int, strict=False)
_text: Final = msgspec.json.Decoder(str)
_names: Final = msgspec.json.Decoder(list[str])
_any: Final = msgspec.json.Decoder()


def as_json_schema(schema: bytes, field: str) -> bytes:
    """Returns the JSON schema. Raises `InvalidRequest` with `field` for what is no schema."""
    try:
        return msgspec.json.encode(_schema(schema, _MAX_DEPTH))
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"{field} is wrong: {error}.", param=field) from None


def _schema(value: bytes, depth: int) -> dict[str, Any]:
    if not depth:
        raise msgspec.ValidationError("schemas are nested too deeply")
    members = spelled_once(decode_json(_object, value))
    order = members.pop("propertyOrdering", None)
    nullable = bytes(members.pop("nullable", msgspec.Raw(b"false"))) == b"true"
    written: dict[str, Any] = {}
    for name, raw in members.items():
        _write(written, name, bytes(raw), depth)
    if order is not None and "properties" in written:
        written["properties"] = _ordered(written["properties"], decode_json(_names, bytes(order)))
    return _or_null(written) if nullable else written


def _write(written: dict[str, Any], name: str, value: bytes, depth: int) -> None:
    """Writes one member by its name in JSON schemas."""
    if name == "type":
        kind = decode_json(_any, value)
        if kind != "TYPE_UNSPECIFIED":
            written["type"] = kind.lower() if isinstance(kind, str) else kind
    elif name in _COUNTS:
        written[name] = decode_json(_count, value)
    elif name in _LISTS:
        items = decode_json(_array, value)
        written[name] = [_schema(bytes(item), depth - 1) for item in items]
    elif name in _MAPS:
        known = "$defs" if name == "defs" else name
        found = decode_json(_object, value)
        written[known] = {key: _schema(bytes(each), depth - 1) for key, each in found.items()}
    elif name == "items" or (name == "additionalProperties" and value[:1] == b"{"):
        written[name] = _schema(value, depth - 1)
    elif name == "ref":
        written["$ref"] = decode_json(_text, value).replace("#/defs/", "#/$defs/")
    elif name == "example":
        written["examples"] = [msgspec.Raw(value)]
    else:
        written[name] = msgspec.Raw(value)


def _or_null(written: dict[str, Any]) -> dict[str, Any]:
    """The same schema, or null."""
    if isinstance(written.get("type"), str):
        written["type"] = [written["type"], "null"]
    if isinstance(written.get("anyOf"), list):
        written["anyOf"].append({"type": "null"})
    if isinstance(written.get("enum"), msgspec.Raw):
        written["enum"] = [*decode_json(_array, bytes(written["enum"])), None]
    return written


def _ordered(properties: dict[str, Any], order: list[str]) -> dict[str, Any]:
    """Properties in the wanted order, which JSON schemas have no other word for."""
    first = {name: properties[name] for name in order if name in properties}
    return {**first, **properties}
