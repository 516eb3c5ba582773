"""For whom a call is made: the fixed headers, and what the key fixes, which wins."""

from collections.abc import Mapping

from penstock.rules.call import Caller
from penstock.rules.snapshot import KeyEntry

_MAX_CHARS = 256


def read_caller(headers: Mapping[bytes, bytes], key: KeyEntry | None) -> Caller:
    """Header values are UTF-8, or Latin-1 where they are not; longer ones are cut."""
    key = key or _NO_KEY
    return Caller(
        key_id=key.id,
        team=key.team or _text(headers.get(b"x-penstock-team")),
        user=key.user or _text(headers.get(b"x-penstock-user")),
        use_case=key.use_case or _text(headers.get(b"x-penstock-use-case")),
        environment=key.environment or _text(headers.get(b"x-penstock-environment")),
        segment=key.segment or _text(headers.get(b"x-penstock-segment")),
        session=_text(headers.get(b"x-penstock-session")),
    )


def _text(value: bytes | None) -> str:
    if not value:
        return ""
    try:
        return value.decode("utf-8")[:_MAX_CHARS]
    except UnicodeDecodeError:
        return value.decode("latin-1")[:_MAX_CHARS]


_NO_KEY = KeyEntry(id="", digest="")
