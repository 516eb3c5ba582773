"""Errors in OpenAI's format: writes ours, reads a provider's."""

from typing import Any, Final

import msgspec

from penstock.kernel.errors import PenstockError
from penstock.rules.answer import ProviderError
from penstock.rules.json_text import decode_whole_json
from penstock.rules.redaction import Redaction

MAX_MESSAGE_CHARS: Final = 1000  # of a provider's error message
MAX_CODE_CHARS: Final = 128  # of the error's type, parameter and code

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder()


def render_error(error: PenstockError) -> bytes:
    """`{"error": {"message", "type", "param", "code"}}`; with what to do in the message."""
    return _encoder.encode(
        {
            "error": {
                "message": error.sentence(),
                "type": _type(error.status),
                "param": error.param,
                "code": error.code,
            }
        }
    )


def render_error_event(error: PenstockError) -> bytes:
    """The same as a server-sent event; official clients raise when they read it."""
    return b"data: " + render_error(error) + b"\n\n"


def render_provider_error(error: ProviderError, status: int) -> bytes:
    """Writes a provider's error into our own document; nothing else of its body is passed on."""
    return _encoder.encode(
        {
            "error": {
                "message": error.message,
                "type": error.type or _type(status),
                "param": error.param or None,
                "code": error.code or None,
            }
        }
    )


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


def _type(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"
