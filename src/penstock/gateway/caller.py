"""Who makes a call and for whom. Values fixed by the key win over the request's headers."""

from collections.abc import Mapping
from typing import Final

from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.call import Caller, new_caller
from penstock.rules.snapshot import KeyEntry, attribute_of_key
from penstock.rules.tags import HEADER, merged_tags, parse_tags


def _nothing(_key: KeyEntry) -> str:
    return ""


_TAGS: Final = HEADER.encode()
_MAX_CHARS: Final = 256
_NO_KEY: Final = KeyEntry(id="", digest="")
_SOURCES: Final = tuple(
    (attribute_of_key(each.name) if each.of_key else _nothing, each.header.encode())
    for each in CALL_ATTRIBUTES
)


def read_caller(headers: Mapping[bytes, bytes], key: KeyEntry | None) -> Caller:
    """Reads the attribution of a call. Header values are UTF-8, or Latin-1 where that fails; long
    ones are cut."""
    key = key or _NO_KEY
    get = headers.get
    values = [
        of_key(key) or ((value := get(header)) and _text(value)) or ""
        for of_key, header in _SOURCES
    ]
    return new_caller(key.id, values, _tags(headers, key))


def _tags(headers: Mapping[bytes, bytes], key: KeyEntry) -> dict[str, str]:
    header = headers.get(_TAGS)
    if header:
        return merged_tags(key.tags, parse_tags(header))
    return key.tags


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")[:_MAX_CHARS]
    except UnicodeDecodeError:
        return value.decode("latin-1")[:_MAX_CHARS]
