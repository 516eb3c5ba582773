"""Errors in OpenAI's shape: ours rendered, a provider's read."""

from typing import Any, Final

import msgspec

from penstock.kernel.errors import PenstockError

_encoder: Final = msgspec.json.Encoder()
_MESSAGE_LIMIT: Final = 500


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


def read_error(document: bytes | msgspec.Raw) -> str:
    """What a provider says went wrong, at most 500 characters; empty if it says nothing.

    Takes a whole body (`{"error": …}`, `{"message": …}`, `{"detail": …}`) or the error itself.
    """
    try:
        found: Any = msgspec.json.decode(document)
    except (msgspec.DecodeError, RecursionError):
        return ""
    for key in ("error", "message", "detail"):
        if isinstance(found, dict):
            found = found.get(key, found)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - any JSON
    return found[:_MESSAGE_LIMIT] if isinstance(found, str) else ""


def _type(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"
