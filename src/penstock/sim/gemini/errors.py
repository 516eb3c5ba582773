"""Error documents in Gemini's format."""

from typing import Any, Final

import msgspec

from penstock.kernel.errors import InvalidRequest, PenstockError

_STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_MESSAGES: Final = {
    429: "You exceeded your current quota, please check your plan and billing details.",
    500: "An internal error has occurred. Please retry.",
    503: "The model is overloaded. Please try again later.",
}
_TYPE: Final = "type.googleapis.com/google.rpc."


class InvalidGeminiKey(InvalidRequest):
    """The API key is not valid: Gemini answers with 400."""

    default_code = "API_KEY_INVALID"


def error_document(error: PenstockError) -> bytes:
    """Encodes `{"error": {"code", "message", "status", "details"}}`."""
    details: list[dict[str, Any]] = []
    if isinstance(error, InvalidGeminiKey):
        details.append({"@type": f"{_TYPE}ErrorInfo", "reason": error.code, "domain": "googleapis"})
    if error.param:
        violation = {"field": error.param, "description": error.sentence()}
        details.append({"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]})
    return _document(error.status, error.sentence(), error.retry_after_s, details)


def status_document(status: int, retry_after_s: int) -> bytes:
    """Returns Gemini's typical error document for a status."""
    message = _MESSAGES.get(status, "The request failed.")
    return _document(status, message, retry_after_s if status == 429 else None, [])


def _document(
    status: int, message: str, retry_after_s: int | None, details: list[dict[str, Any]]
) -> bytes:
    error: dict[str, Any] = {"code": status, "message": message}
    error["status"] = _STATUSES.get(status, "UNKNOWN")
    if retry_after_s is not None:
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{retry_after_s}s"})
    if details:
        error["details"] = details
    return msgspec.json.encode({"error": error})
