"""Which names this server answers to, and which pages may change something in it.

A name outside the list means that some page rebound its own name to this address (nobody can
rebind an address, so these are fine); a foreign Origin means that some page sends requests in a
signed-in person's name. Both are refused.
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
    """ASGI middleware. `hosts` are names without port; paths that start with one of
    `exempt` answer under every name (they know no cookies)."""

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
        if not self._knows(_name(f"//{host}")):
            return InvalidRequest(
                "This server does not answer to that host name.",
                hint="Add it to the setting server.allowed_hosts.",
                code="unknown_host",
            )
        origin = headers.get("origin")
        if origin and method not in SAFE_METHODS and _netloc(origin) != host:
            return Forbidden("Another site may not do this here.", code="foreign_origin")
        return None

    def _knows(self, name: str) -> bool:
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
    """Host and port as written; `None` for what is no URL."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None
