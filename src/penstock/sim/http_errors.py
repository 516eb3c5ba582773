"""The HTTP errors of the simulator. Each vendor writes them in its own shape."""

from penstock.kernel.errors import PenstockError, TooLarge


class SimMethodNotAllowed(PenstockError):
    """The path does not accept this method."""

    status = 405
    default_code = "method_not_allowed"


class SimBodyTimeout(PenstockError):
    """The request body did not arrive in time."""

    status = 408
    default_code = "request_timeout"


def too_large(limit: int) -> TooLarge:
    """Returns the error for a body of more than `limit` bytes."""
    return TooLarge(f"The request body is larger than {limit} bytes.")
