"""Who makes a call and for whom. Values fixed by the key win over the request's headers."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.call import Caller, new_caller
from penstock.rules.snapshot.access import KeyContext
from penstock.rules.tags import HEADER, merged_tags, parse_tags

_TAGS: Final = HEADER.encode()
_MAX_CHARS: Final = 256
_NO_KEY: Final = Caller()
_SOURCES: Final = tuple(
    (each.name, each.header.encode()) for each in CALL_ATTRIBUTES if each.of_header
)
_HEADERS: Final = frozenset((_TAGS, *(header for _, header in _SOURCES)))
_SESSION: Final = b"x-penstock-session"


def read_caller(headers: Mapping[bytes, bytes], key_context: KeyContext | None) -> Caller:
    """Reads the attribution of a call. Header values are UTF-8, or Latin-1 where that fails; long
    ones are cut."""
    of_key = key_context.caller if key_context else _NO_KEY
    if _HEADERS.isdisjoint(headers):
        return of_key
    values = [of_key.get(name) or _text(headers.get(header)) for name, header in _SOURCES]
    tags = of_key.tags
    if header := headers.get(_TAGS):
        tags = merged_tags(tags, parse_tags(header))
    return new_caller(of_key.key_id, values, tags)


def read_client_caller(headers: Mapping[bytes, bytes], key_context: KeyContext) -> Caller:
    """Reads the attribution of a call with a client token: of the headers, only the session. The
    others would let whoever has the token count its calls for somebody else."""
    caller = key_context.caller
    session = _text(headers.get(_SESSION))
    return replace(caller, session=session) if session else caller


def _text(value: bytes | None) -> str:
    if not value:
        return ""
    try:
        return value.decode("utf-8")[:_MAX_CHARS]
    except UnicodeDecodeError:
        return value.decode("latin-1")[:_MAX_CHARS]
