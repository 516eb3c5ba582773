"""Who makes a call and for whom. Values fixed by the key win over the request's headers."""

from collections.abc import Mapping
from typing import Final

from penstock.rules.call import Caller
from penstock.rules.snapshot import KeyEntry

_MAX_CHARS: Final = 256
_NO_KEY: Final = KeyEntry(id="", digest="")


def read_caller(headers: Mapping[bytes, bytes], key: KeyEntry | None) -> Caller:
    """Reads the attribution of a call. Header values are UTF-8, or Latin-1 where that fails; long
    ones are cut."""
    key = key or _NO_KEY
    get = headers.get
    return Caller(
        key.id,
        key.team or _text(get(b"x-penstock-team")),
        key.user or _text(get(b"x-penstock-user")),
        key.use_case or _text(get(b"x-penstock-use-case")),
        key.environment or _text(get(b"x-penstock-environment")),
        key.segment or _text(get(b"x-penstock-segment")),
        _text(get(b"x-penstock-session")),
    )


def _text(value: bytes | None) -> str:
    if not value:
        return ""
    try:
        return value.decode("utf-8")[:_MAX_CHARS]
    except UnicodeDecodeError:
        return value.decode("latin-1")[:_MAX_CHARS]
