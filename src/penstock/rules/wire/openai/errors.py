"""Errors in OpenAI's shape: ours rendered, a provider's read."""

from typing import Any, Final, NamedTuple

import msgspec

from penstock.kernel.errors import PenstockError
from penstock.rules.redaction import Redaction
from penstock.rules.wire.json_text import decode_whole_json

MAX_MESSAGE_CHARS: Final = 1000  # of what a provider says went wrong
MAX_CODE_CHARS: Final = 128  # of the error's type, parameter and code

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder()


class ToldError(NamedTuple):
    """What a provider says went wrong: texts of bounded length, empty where it says nothing."""

    message: str = ""
    type: str = ""
    param: str = ""
    code: str = ""


def render_error(error: PenstockError) -> bytes:
    """`{"error": {"message", "type", "param", "code"}}`; the message says what to do."""
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
    """The same as a server-sent event; official clients raise when they meet it."""
    return b"data: " + render_error(error) + b"\n\n"


def render_told_error(told: ToldError, status: int) -> bytes:
    """A provider's error in our own document: nothing else of what it sent is passed on."""
    return _encoder.encode(
        {
            "error": {
                "message": told.message,
                "type": told.type or _type(status),
                "param": told.param or None,
                "code": told.code or None,
            }
        }
    )


def read_error(document: bytes, redaction: Redaction) -> ToldError:
    """What a provider says went wrong, without its credential.

    Takes a whole body (`{"error": …}`, `{"message": …}`, `{"detail": …}`) or the error itself.
    """
    try:
        found: Any = decode_whole_json(_decoder, document)
    except msgspec.DecodeError:
        return ToldError()
    rest: dict[str, Any] = {}
    for key in ("error", "message", "detail"):
        if isinstance(found, dict):
            rest = found  # pyright: ignore[reportUnknownVariableType] - any JSON
            found = rest.get(key, rest)
    return ToldError(
        _told(found, redaction, MAX_MESSAGE_CHARS),
        *(_told(rest.get(key), redaction, MAX_CODE_CHARS) for key in ("type", "param", "code")),
    )


def _told(value: object, redaction: Redaction, limit: int) -> str:
    """Cleaned before it is cut: half a credential would not be found."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**9 else ""
    return redaction.clean(value)[:limit] if isinstance(value, str) else ""


def _type(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"
