"""Reads a provider's error, whatever dialect it has: the common shapes differ in few names."""

from typing import Any, Final

import msgspec

from penstock.rules.formats.json_text import decode_whole_json
from penstock.rules.neutral.answer import ProviderError
from penstock.rules.redaction import Redaction

MAX_MESSAGE_CHARS: Final = 1000  # of a provider's error message
MAX_CODE_CHARS: Final = 128  # of the error's type, parameter and code

_decoder: Final = msgspec.json.Decoder()


def read_error(document: bytes, redaction: Redaction) -> ProviderError:
    """Reads a provider's error and removes its credential.

    Accepts a whole body (`{"error": …}`, `{"message": …}`, `{"detail": …}`) or the error itself.
    """
    try:
        found: Any = decode_whole_json(_decoder, document)
    except msgspec.DecodeError:
        return ProviderError()
    rest: dict[str, Any] = {}
    for key in ("error", "message", "detail"):
        if isinstance(found, dict):
            rest = found  # pyright: ignore[reportUnknownVariableType] - any JSON
            found = rest.get(key, rest)
    return ProviderError(
        _text(found, redaction, MAX_MESSAGE_CHARS),
        *(_text(rest.get(key), redaction, MAX_CODE_CHARS) for key in ("type", "param", "code")),
    )


def _text(value: object, redaction: Redaction, limit: int) -> str:
    """Removes the credential before cutting: half a credential would not be found."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**9 else ""
    return redaction.clean(value)[:limit] if isinstance(value, str) else ""
