"""Makes a JSON document that is valid for a schema, for structured output and tool arguments.

Supports what OpenAI's structured outputs and common tools use. Raises `unsupported_schema` for
other keywords, so that it never returns an invalid document.
"""

from collections.abc import Sequence
from typing import Any, Final

from penstock.sim.mentions import Mentions
from penstock.sim.scalars import make_integer, make_number, make_string
from penstock.sim.schemas import Schema, resolved, type_of, unsupported
from penstock.sim.seeded_random import SeededRandom

_DEEP: Final = 4  # at this depth, only required properties are made
_TOO_DEEP: Final = 40
_MOST_ITEMS: Final = 1000  # that a schema may require in one array or object
_TRIES: Final = 20  # for each item that must differ from the others


def make_document(schema: Schema, rng: SeededRandom, mentions: Mentions | None = None) -> Any:
    """Returns a value that is valid for `schema` (JSON Schema 2020-12), with values of the prompt
    (`mentions`) where they fit. The same `rng` gives the same value."""
    return _Maker(schema, rng, mentions or Mentions("")).value(schema, 0)


class _Maker:
    def __init__(self, root: Schema, rng: SeededRandom, mentions: Mentions) -> None:
        self._root = root
        self._rng = rng
        self._mentions = mentions

    def value(self, stated: Any, depth: int, name: str = "") -> Any:
        if depth > _TOO_DEEP:
            raise unsupported("it is nested without end")
        schema = resolved(stated, self._root, self._rng)
        if "const" in schema:
            return schema["const"]
        if name and (mentioned := self._mentions.take(name, schema)) is not None:
            return mentioned
        if "enum" in schema:
            return self._rng.pick(schema["enum"])
        match self._type(schema, depth):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case kind:
                return self._scalar(kind, schema)

    def _type(self, schema: Schema, depth: int) -> str:
        kinds = type_of(schema)
        if isinstance(kinds, str):
            return kinds
        if depth >= _DEEP and "null" in kinds:
            return "null"
        return self._rng.pick(kinds)

    def _scalar(self, kind: str, schema: Schema) -> str | float | bool | None:
        match kind:
            case "string":
                return make_string(schema, self._rng)
            case "integer":
                return make_integer(schema, self._rng)
            case "number":
                return make_number(schema, self._rng)
            case "boolean":
                return self._rng.below(2) == 1
            case "null":
                return None
            case _:
                raise unsupported(f"there is no type {kind!r}")

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        required = list(dict.fromkeys(schema.get("required", ())))
        made = {
            name: self.value(inner, depth + 1, name)
            for name, inner in schema.get("properties", {}).items()
            if name in required or depth < _DEEP
        }
        least = _least(schema, "minProperties")
        fillers = [f"property_{i}" for i in range(least)]
        missing = [name for name in required if name not in made]
        while len(made) + len(missing) < least:
            missing.append(fillers.pop())
        extra = schema.get("additionalProperties", True)
        if missing and extra is False:
            raise unsupported(f"{missing[0]!r} is required but not allowed")
        return made | {name: self.value(extra, depth + 1) for name in missing}

    def _array(self, schema: Schema, depth: int) -> list[Any]:
        first: Sequence[Any] = schema.get("prefixItems", ())
        low = _least(schema, "minItems")
        high = schema.get("maxItems", max(low, len(first), 3))
        wanted = low if depth >= _DEEP else self._rng.between(low, max(low, min(high, low + 2)))
        wanted = min(max(wanted, len(first)), high)
        items = [self.value(inner, depth + 1) for inner in first[:wanted]]
        if (rest := schema.get("items", True)) is not False:
            self._fill(items, wanted, rest, depth, unique=bool(schema.get("uniqueItems")))
        if len(items) < low:
            raise unsupported("it requires more items than it allows")
        return items

    def _fill(self, items: list[Any], wanted: int, inner: Any, depth: int, *, unique: bool) -> None:
        for _ in range(_TRIES * wanted):
            if len(items) >= wanted:
                return
            item = self.value(inner, depth + 1)
            if not unique or item not in items:
                items.append(item)


def _least(schema: Schema, keyword: str) -> int:
    if (least := schema.get(keyword, 0)) > _MOST_ITEMS:
        raise unsupported(f"`{keyword}` is above {_MOST_ITEMS}")
    return least
