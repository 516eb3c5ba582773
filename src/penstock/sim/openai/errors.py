"""Error documents in OpenAI's format."""

from typing import Final

import msgspec

from penstock.kernel.errors import NotFound, PenstockError

_TYPES: Final = {401: "authentication_error", 403: "permission_error", 429: "requests"}
_CODES: Final = {429: "rate_limit_exceeded", 401: "invalid_api_key"}
_MESSAGES: Final = {
    401: "Incorrect API key provided.",
    403: "You are not allowed to do this.",
    404: "The requested resource does not exist.",
    429: "Rate limit reached. Please try again later.",
    503: "The engine is currently overloaded, please try again later.",
}
SERVER_ERROR: Final = "The server had an error while processing your request. Sorry about that!"


class NotAChatModel(NotFound):
    """The model does not support chat completions. OpenAI sends no code for it."""

    default_code = ""


def error_document(error: PenstockError) -> bytes:
    """Encodes `{"error": {"message", "type", "param", "code"}}`."""
    return _document(error.status, error.sentence(), error.param, error.code or None)


def status_document(status: int) -> bytes:
    """Returns OpenAI's typical error document for a status."""
    message = _MESSAGES.get(status, SERVER_ERROR if status >= 500 else "The request failed.")
    return _document(status, message, None, _CODES.get(status))


def _document(status: int, message: str, param: str | None, code: str | None) -> bytes:
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    error = {"message": message, "type": kind, "param": param, "code": code}
    return msgspec.json.encode({"error": error})
