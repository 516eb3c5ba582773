"""How a call can end that only a gateway knows. Everything else is in `kernel.errors`."""

from penstock.kernel.errors import Overloaded, PenstockError


class RequestTimeout(PenstockError):
    """The caller takes too long to send its request."""

    status = 408
    default_code = "request_timeout"


class MethodNotAllowed(PenstockError):
    """The path exists, but not with this method."""

    status = 405
    default_code = "method_not_allowed"


class ClientDisconnected(PenstockError):
    """The caller hung up; nobody will read this (nginx's 499)."""

    status = 499
    default_code = "client_disconnected"


class ShuttingDown(Overloaded):
    """The gateway stops and has waited long enough for this call."""

    default_code = "shutting_down"
