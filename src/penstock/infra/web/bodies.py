"""Request bodies: read whole before the application runs, within limits of size and time.

The HTTP server below has neither: it would take gigabytes, or one byte a second for ever.
"""

import asyncio
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penstock.infra.web.problems import problem_response
from penstock.kernel.errors import InvalidRequest, PenstockError, TooLarge


class BodyLimit:
    """ASGI middleware. `limits` maps path prefixes to bytes; the longest fitting one counts. A
    body may take `total_s` seconds and pause for `silence_s`."""

    def __init__(
        self,
        app: ASGIApp,
        limits: Mapping[str, int],
        *,
        silence_s: float = 20.0,
        total_s: float = 120.0,
    ) -> None:
        self._app = app
        self._silence_s = silence_s
        self._total_s = total_s
        self._limits = sorted(limits.items(), key=lambda item: len(item[0]), reverse=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(scope, receive)
        except PenstockError as error:
            await problem_response(error)(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; `None` when the caller went away."""
        limit = next(size for prefix, size in self._limits if scope["path"].startswith(prefix))
        stated = Headers(scope=scope).get("content-length", "")
        if stated.isdecimal() and int(stated) > limit:
            raise _too_large(limit)
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(self._total_s):
                while True:
                    message = await asyncio.wait_for(receive(), self._silence_s)
                    if message["type"] == "http.disconnect":
                        return None
                    chunks.append(message.get("body", b""))
                    if sum(map(len, chunks)) > limit:
                        raise _too_large(limit)
                    if not message.get("more_body", False):
                        return b"".join(chunks)
        except TimeoutError as error:
            raise InvalidRequest("The request body did not arrive in time.") from error


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The request body is larger than {limit} bytes.")


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed
