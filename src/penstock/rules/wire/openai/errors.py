"""Writes errors in OpenAI's format."""

from typing import Final

import msgspec

from penstock.kernel.errors import PenstockError
from penstock.rules.neutral.answer import ProviderError

_encoder: Final = msgspec.json.Encoder()


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


def _type(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"
