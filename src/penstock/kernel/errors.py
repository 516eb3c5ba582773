"""The one error tree. A message says what happened; `hint` says what to do about it.

    PenstockError
     ├─ InvalidRequest   400      ├─ Overloaded         503
     ├─ Unauthenticated  401      ├─ UpstreamFailed     502
     ├─ Forbidden        403      ├─ UpstreamTimeout    504
     ├─ NotFound         404      └─ SetupError         (command line: one clear line, exit 2)
     ├─ Conflict         409
     ├─ TooLarge         413
     └─ RateLimited      429

Codes are stable and part of the API; each surface renders them in its own wire shape.
"""

from typing import ClassVar


class PenstockError(Exception):
    """Anything Penstock refuses or fails at, with a stable code and what to do next."""

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
        """Message and hint as one text for people."""
        return f"{self.message} {self.hint}".strip()


class InvalidRequest(PenstockError):
    """The request cannot be understood or breaks a rule."""

    status = 400
    default_code = "invalid_request"


class Unauthenticated(PenstockError):
    """No valid key or session came with the request."""

    status = 401
    default_code = "invalid_api_key"


class Forbidden(PenstockError):
    """Known caller, but not allowed to do this."""

    status = 403
    default_code = "forbidden"


class NotFound(PenstockError):
    """The named thing does not exist here."""

    status = 404
    default_code = "not_found"


class Conflict(PenstockError):
    """The thing exists already or has changed meanwhile."""

    status = 409
    default_code = "conflict"


class TooLarge(PenstockError):
    """A body, header or nesting limit was passed."""

    status = 413
    default_code = "request_too_large"


class RateLimited(PenstockError):
    """A limit of this caller is reached; `retry_after_s` says when to come back."""

    status = 429
    default_code = "rate_limit_exceeded"


class Overloaded(PenstockError):
    """The process sheds load, or cannot do its work now."""

    status = 503
    default_code = "overloaded"


class UpstreamFailed(PenstockError):
    """The provider was unreachable, answered wrongly or cut its answer off."""

    status = 502
    default_code = "upstream_failed"


class UpstreamTimeout(PenstockError):
    """The provider did not answer in time."""

    status = 504
    default_code = "upstream_timeout"


class SetupError(PenstockError):
    """Something about this machine or these settings must change first (CLI: exit code 2)."""

    default_code = "setup_error"
