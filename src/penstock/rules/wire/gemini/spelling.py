"""The two spellings of a field: the API reads `systemInstruction` and `system_instruction`.

Requests are read in camelCase only; this module rewrites the other spelling before. What belongs
to the caller (arguments, results, schemas, labels) keeps its names.
"""

import re
from typing import Final

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.json_text import decode_json

_SNAKE: Final = re.compile(rb'"[a-z]++(?:_[a-z0-9]++)++"\s*+:')
_UNDERSCORE: Final = re.compile(r"_([a-z0-9])")
_FREE: Final = frozenset(
    (
        *("args", "response", "parameters", "parametersJsonSchema", "responseSchema"),
        *("responseJsonSchema", "partMetadata", "labels"),
    )
)
_MAX_DEPTH: Final = 8  # of objects whose names are read; `contents.parts.functionCall` has three
_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array: Final = msgspec.json.Decoder(list[msgspec.Raw])


def in_camel_case(body: bytes) -> bytes:
    """Returns a request with its fields in camelCase. Raises `InvalidRequest` if one field is there
    in both spellings, and for what is not JSON."""
    return bytes(_respelled(body, _MAX_DEPTH)) if _SNAKE.search(body) else body


def camel(name: str) -> str:
    """Returns one name in camelCase."""
    return _UNDERSCORE.sub(lambda found: found[1].upper(), name)


def spelled_once(members: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """Returns members by their names in camelCase. Raises `InvalidRequest` if one is there in both
    spellings: two readers could understand two different requests."""
    spelled: dict[str, msgspec.Raw] = {}
    for name, value in members.items():
        known = camel(name)
        if known in spelled:
            raise InvalidRequest(f"The request contains {known!r} in two spellings.", param=known)
        spelled[known] = value
    return spelled


def _respelled(value: bytes, depth: int) -> msgspec.Raw:
    kind = value[:1] if depth else b""
    try:
        if kind == b"{":
            members = spelled_once(decode_json(_object, value))
            named = {
                name: inner if name in _FREE else _respelled(bytes(inner), depth - 1)
                for name, inner in members.items()
            }
            return msgspec.Raw(msgspec.json.encode(named))
        if kind == b"[":
            items = [_respelled(bytes(item), depth) for item in decode_json(_array, value)]
            return msgspec.Raw(msgspec.json.encode(items))
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The request body is wrong: {error}.") from None
    return msgspec.Raw(value)
