"""One HTTP exchange over ASGI: reads the body, sends the answer, detects a disconnect.

If the application returns before the last body message, the HTTP server closes the connection
within the body (FIN): the client never sees a clean end.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from penstock.sim.http_errors import SimBodyTimeout, too_large

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

_BODY_TIMEOUT_S: Final = 60.0


class SimClientDisconnected(Exception):
    """The client closed the connection before the answer was complete."""


class SimExchange:
    """A request and its answer. Set `response_headers` before the answer starts."""

    def __init__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: str = scope["raw_path"].decode("ascii")
        self.query: str = scope["query_string"].decode("latin-1")
        self.response_headers: Headers = []
        self._request_headers: Headers = scope["headers"]
        self._receive = receive
        self._send = send
        self.started = False

    def request_headers(self) -> dict[str, str]:
        """Returns the request's headers with lower-case names; the last of repeated ones."""
        return {
            name.decode("latin-1"): value.decode("latin-1") for name, value in self._request_headers
        }

    async def body(self, limit: int) -> bytes:
        """Reads the whole request body. Raises `TooLarge`, `SimBodyTimeout` or
        `SimClientDisconnected`."""
        message = await self._more()
        if not message.get("more_body"):
            return self._within(message["body"], limit)
        chunks = bytearray(message["body"])
        while message.get("more_body"):
            message = await self._more()
            chunks += self._within(message["body"], limit - len(chunks))
        return bytes(chunks)

    async def start(self, status: int, content_type: bytes, length: int | None = None) -> None:
        """Sends the status line and the headers."""
        headers = [(b"content-type", content_type), *self.response_headers]
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, data: bytes, *, more: bool = True) -> None:
        """Sends a piece of the body. Waits while the client does not read."""
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def answer(self, status: int, document: bytes) -> None:
        """Sends a complete JSON answer."""
        await self.start(status, b"application/json", len(document))
        await self.write(document, more=False)

    async def wait_for_disconnect(self) -> None:
        """Returns when the client has disconnected. Call it only after the body is read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def cancel_on_disconnect(self, work: Awaitable[None]) -> None:
        """Awaits `work`. If the client disconnects, cancels it and raises
        `SimClientDisconnected`."""
        disconnected = False
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._raise_on_disconnect())
                await work
                watch.cancel()
        except* SimClientDisconnected:
            disconnected = True
        if disconnected:
            raise SimClientDisconnected

    async def reset(self) -> None:
        """Resets the connection (TCP RST). Returns once the connection is closed."""
        await self._send({"type": "penstock.reset"})  # an ASGI extension of our HTTP server
        await self.wait_for_disconnect()

    async def _raise_on_disconnect(self) -> None:
        await self.wait_for_disconnect()
        raise SimClientDisconnected

    async def _more(self) -> Message:
        try:
            async with asyncio.timeout(_BODY_TIMEOUT_S):
                message = await self._receive()
        except TimeoutError:
            raise SimBodyTimeout("The request body did not arrive in time.") from None
        if message["type"] == "http.disconnect":
            raise SimClientDisconnected
        return message

    @staticmethod
    def _within(data: bytes, limit: int) -> bytes:
        if len(data) > limit:
            raise too_large(limit)
        return data
