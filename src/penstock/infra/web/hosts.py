"""Checks the headers Host and Origin.

An unknown host name means DNS rebinding by another site (IP addresses cannot be rebound, so they
are allowed). A foreign Origin means that another site sends requests with a user's cookies. Both
are rejected.
"""

from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from penstock.infra.web.problems import problem_response
from penstock.kernel.errors import Forbidden, InvalidRequest, PenstockError

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class HostGuard:
    """ASGI middleware. `hosts` are names without port; paths that start with one of `exempt` accept
    any name, because they use no cookies."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], exempt: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = frozenset(name.lower() for name in hosts)
        self._exempt = exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(self._exempt):
            fault = self._fault(Headers(scope=scope), scope["method"])
            if fault:
                await problem_response(fault)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _fault(self, headers: Headers, method: str) -> PenstockError | None:
        host = headers.get("host", "")
        if not self._is_allowed(_name(f"//{host}")):
            return InvalidRequest(
                "This host name is not allowed.",
                hint="Add it to the setting server.allowed_hosts.",
                code="unknown_host",
            )
        origin = headers.get("origin")
        if origin and method not in SAFE_METHODS and _netloc(origin) != host:
            return Forbidden("Requests from another site are not allowed.", code="foreign_origin")
        return None

    def _is_allowed(self, name: str) -> bool:
        return name in self._hosts or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _netloc(url: str) -> str | None:
    """Returns host and port as written, or `None` if the text is not a URL."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None
