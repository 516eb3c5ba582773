"""Writes errors in Google's format."""

from typing import Any, Final

import msgspec

from penstock.kernel.errors import PenstockError
from penstock.rules.neutral.answer import ProviderError

_encoder: Final = msgspec.json.Encoder()
_STATUSES: Final = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_TYPES: Final = "type.googleapis.com/google.rpc."


def render_error(error: PenstockError) -> bytes:
    """`{"error": {"code", "message", "status", "details"}}`; with what to do in the message, and
    our own code as the reason in the details."""
    metadata = {"param": error.param} if error.param else {}
    details: list[dict[str, Any]] = [
        {
            "@type": _TYPES + "ErrorInfo",
            "reason": error.code.upper(),
            "domain": "penstock",
            "metadata": metadata,
        }
    ]
    if error.retry_after_s is not None:
        details.append({"@type": _TYPES + "RetryInfo", "retryDelay": f"{error.retry_after_s}s"})
    return _document(error.status, error.sentence(), details)


def render_error_event(error: PenstockError) -> bytes:
    """The same as a server-sent event; official clients raise when they read it."""
    return b"data: " + render_error(error) + b"\n\n"


def render_provider_error(error: ProviderError, status: int) -> bytes:
    """Writes a provider's error into our own document; nothing else of its body is passed on."""
    reason = error.code or error.type
    details = [
        {
            "@type": _TYPES + "ErrorInfo",
            "reason": reason.upper(),
            "domain": "provider",
            "metadata": {"param": error.param} if error.param else {},
        }
    ]
    return _document(status, error.message, details if reason else [])


def _document(status: int, message: str, details: list[dict[str, Any]]) -> bytes:
    name = _STATUSES.get(status) or ("INTERNAL" if status >= 500 else "INVALID_ARGUMENT")
    error = {"code": status, "message": message, "status": name, "details": details}
    return _encoder.encode({"error": error})
