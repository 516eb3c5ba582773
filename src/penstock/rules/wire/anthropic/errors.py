"""Writes errors in Anthropic's format."""

from typing import Any, Final

import msgspec

from penstock.kernel.errors import PenstockError
from penstock.rules.neutral.answer import ProviderError

_encoder: Final = msgspec.json.Encoder()
_TYPES: Final = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def render_error(error: PenstockError) -> bytes:
    """`{"type": "error", "error": {"type", "message", "details"}}`; with what to do in the message.

    `details` has our code as `error_code`, and the field if one is wrong.
    """
    details = {"error_code": error.code, **({"field": error.param} if error.param else {})}
    return _document(_type(error.status), error.sentence(), details)


def render_error_event(error: PenstockError) -> bytes:
    """The same as a server-sent event; official clients raise when they read it."""
    return b"event: error\ndata: " + render_error(error) + b"\n\n"


def render_provider_error(error: ProviderError, status: int) -> bytes:
    """Writes a provider's error into our own document; nothing else of its body is passed on."""
    details = {"error_code": error.code} if error.code else None
    known = error.type if error.type in _KNOWN else _type(status)
    return _document(known, error.message, details)


_KNOWN: Final = frozenset((*_TYPES.values(), "invalid_request_error", "api_error"))


def _document(kind: str, message: str, details: dict[str, str] | None) -> bytes:
    error: dict[str, Any] = {"type": kind, "message": message}
    if details:
        error["details"] = details
    return _encoder.encode({"type": "error", "error": error})


def _type(status: int) -> str:
    return _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
