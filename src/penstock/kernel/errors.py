"""The error tree. A message says what happened; `hint` says what to do.

    PenstockError
     ├─ InvalidRequest   400      ├─ Overloaded         503
     ├─ Unauthenticated  401      ├─ UpstreamFailed     502
     ├─ Forbidden        403      ├─ UpstreamTimeout    504
     ├─ NotFound         404      └─ SetupError         (command line: one clear line, exit 2)
     ├─ Conflict         409
     ├─ TooLarge         413
     └─ RateLimited      429

Codes are stable and part of the API; each surface renders them in its own format.
"""

from typing import ClassVar


class PenstockError(Exception):
    """An error of Penstock, with a stable code and a hint."""

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str = "",
        param: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code
        self.param = param
        self.retry_after_s = retry_after_s

    def sentence(self) -> str:
        """Returns message and hint as one text."""
        return f"{self.message} {self.hint}".strip()


class InvalidRequest(PenstockError):
    """The request is malformed or violates a rule."""

    status = 400
    default_code = "invalid_request"


class Unauthenticated(PenstockError):
    """The request has no valid key or session."""

    status = 401
    default_code = "invalid_api_key"


class Forbidden(PenstockError):
    """The caller is known, but not allowed to do this."""

    status = 403
    default_code = "forbidden"


class NotFound(PenstockError):
    """The named object does not exist."""

    status = 404
    default_code = "not_found"


class Conflict(PenstockError):
    """The object exists already or was changed meanwhile."""

    status = 409
    default_code = "conflict"


class TooLarge(PenstockError):
    """A body, header or nesting limit was exceeded."""

    status = 413
    default_code = "request_too_large"


class RateLimited(PenstockError):
    """A limit of this caller is reached; `retry_after_s` is the time to wait."""

    status = 429
    default_code = "rate_limit_exceeded"


class Overloaded(PenstockError):
    """The process is overloaded or temporarily unable to work."""

    status = 503
    default_code = "overloaded"


class UpstreamFailed(PenstockError):
    """The provider was unreachable, or its answer was invalid or incomplete."""

    status = 502
    default_code = "upstream_failed"


class UpstreamTimeout(PenstockError):
    """The provider did not answer in time."""

    status = 504
    default_code = "upstream_timeout"


class SetupError(PenstockError):
    """The machine or the settings must be changed first (CLI: exit code 2)."""

    default_code = "setup_error"
