"""Errors that only the gateway raises. All others are in `kernel.errors`."""

from penstock.kernel.errors import Overloaded, PenstockError


class RequestTimeout(PenstockError):
    """The request body did not arrive in time."""

    status = 408
    default_code = "request_timeout"


class MethodNotAllowed(PenstockError):
    """The path exists, but not with this method."""

    status = 405
    default_code = "method_not_allowed"


class ClientDisconnected(PenstockError):
    """The client closed the connection; no answer can reach it (nginx's 499)."""

    status = 499
    default_code = "client_disconnected"


class HedgeLost(PenstockError):
    """The attempt was cancelled, because another target of the route answered first."""

    default_code = "hedge_lost"


class ShuttingDown(Overloaded):
    """The gateway stops, and its drain time is over."""

    default_code = "shutting_down"
