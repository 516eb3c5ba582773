"""Resolves JSON schemas: merges references, `allOf` and one branch of `anyOf` into one schema."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias, cast

from penstock.kernel.errors import InvalidRequest
from penstock.sim.seeded_random import SeededRandom

Schema: TypeAlias = Mapping[str, Any]

_HOPS: Final = 40
_REFUSED: Final = (
    "not",
    "if",
    "patternProperties",
    "contains",
    "dependentSchemas",
    "propertyNames",
)
_PLAIN: Final = ("null", "string", "integer", "number", "boolean")


def unsupported(reason: str) -> InvalidRequest:
    """Returns the error for a schema that the simulator does not support."""
    return InvalidRequest(
        f"The simulator cannot make a document for this schema: {reason}.",
        code="unsupported_schema",
    )


def resolved(schema: Any, root: Schema, rng: SeededRandom) -> Schema:
    """Returns `schema` without `$ref`, `allOf`, `anyOf` and `oneOf`. References point into
    `root`."""
    for _ in range(_HOPS):
        schema = _plain(schema)
        if "$ref" in schema:
            schema = merged(_without(schema, "$ref"), _plain(_lookup(root, schema["$ref"])))
        elif "allOf" in schema:
            parts = [resolved(part, root, rng) for part in schema["allOf"]]
            schema = _without(schema, "allOf")
            for part in parts:
                schema = merged(schema, part)
        elif branches := schema.get("anyOf") or schema.get("oneOf"):
            schema = merged(_without(schema, "anyOf", "oneOf"), _plain(_branch(branches, rng)))
        else:
            return schema
    raise unsupported("its references are circular")


def merged(one: Schema, other: Schema) -> Schema:
    """Combines two schemas: unites properties and required names; else the second takes
    precedence."""
    both = {**one, **other}
    if "properties" in one and "properties" in other:
        both["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        both["required"] = [*one["required"], *other["required"]]
    return both


def type_of(schema: Schema) -> str | list[str]:
    """Returns the declared type or types, or else the type that the keywords imply."""
    if stated := schema.get("type"):
        return stated
    if schema.keys() & {"properties", "required", "minProperties"}:
        return "object"
    if schema.keys() & {"items", "prefixItems", "minItems"}:
        return "array"
    if schema.keys() & {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}:
        return "number"
    return "string"


def _plain(schema: Any) -> Schema:
    """Returns a schema as an object; `true` becomes the empty schema."""
    if schema is True:
        return {}
    if not isinstance(schema, Mapping):
        raise unsupported(f"{schema!r} is not a schema")
    for keyword in _REFUSED:
        if keyword in schema:
            raise unsupported(f"it uses {keyword!r}")
    return cast("Schema", schema)


def _branch(branches: list[Any], rng: SeededRandom) -> Any:
    """Returns a random branch. Prefers scalar branches, so that recursive schemas end."""
    plain: list[Any] = [branch for branch in branches if _kind(branch) in _PLAIN]
    return rng.pick(plain or branches)


def _kind(schema: Any) -> Any:
    """Returns the declared type of a schema that is an object."""
    return str(cast("Schema", schema).get("type")) if isinstance(schema, Mapping) else ""


def _lookup(root: Schema, pointer: str) -> Any:
    """Returns the value of a JSON pointer (RFC 6901) within `root`."""
    node: Any = root
    for name in pointer.split("/")[1:] if pointer.startswith("#") else ["?"]:
        key = name.replace("~1", "/").replace("~0", "~")
        try:
            node = node[key]
        except (KeyError, TypeError):
            raise unsupported(f"its reference {pointer!r} does not exist") from None
    return node


def _without(schema: Schema, *names: str) -> Schema:
    return {key: value for key, value in schema.items() if key not in names}
