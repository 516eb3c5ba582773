"""Security and cache headers for browsers."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_ALWAYS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class SecurityHeaders:
    """ASGI middleware. Built assets have a hash in their name and are cached for a year; pages are
    revalidated; all other responses are not cached. Pages of other sites may load what is below one
    of the paths `embedded`."""

    def __init__(self, app: ASGIApp, embedded: tuple[str, ...] = ()) -> None:
        self._app = app
        self._embedded = embedded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        # Range requests are not needed here and often handled wrongly. The scope is changed in
        # place, because outer middlewares read the route from it.
        scope["headers"] = [header for header in scope["headers"] if header[0] != b"range"]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_ALWAYS)
                if scope["path"].startswith(self._embedded):
                    headers["cross-origin-resource-policy"] = "cross-origin"
                headers.setdefault("cache-control", _keep(scope["path"], message["status"]))
            await send(message)

        await self._app(scope, receive, sending)


def _keep(path: str, status: int) -> str:
    if path.startswith("/assets/") and status == 200:
        return "public, max-age=31536000, immutable"
    if path.startswith(("/api/", "/internal/")):
        return "no-store"
    return "no-cache"
