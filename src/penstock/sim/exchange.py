"""One HTTP exchange over ASGI: reading the body, answering once, noticing that the client left.

An answer that is left without its last message is cut by the server: the client sees the connection
closed within the body (FIN), never a clean end.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from penstock.sim.wire_errors import BodyTooSlow, too_large

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

_BODY_TIMEOUT_S: Final = 60.0


class ClientGone(Exception):
    """The client closed the connection."""


class Exchange:
    """A request and the answer to it. `headers` are the answer's, completed before it starts."""

    def __init__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: str = scope["query_string"].decode("latin-1")
        self.headers: Headers = []
        self._asked: Headers = scope["headers"]
        self._receive = receive
        self._send = send
        self.started = False

    def asked(self) -> dict[str, str]:
        """The request's headers, names in lower case; of repeated ones the last."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self._asked}

    async def body(self, limit: int) -> bytes:
        """The whole request body. `TooLarge`, `BodyTooSlow`, `ClientGone`."""
        message = await self._more()
        if not message.get("more_body"):
            return self._within(message["body"], limit)
        chunks = bytearray(message["body"])
        while message.get("more_body"):
            message = await self._more()
            chunks += self._within(message["body"], limit - len(chunks))
        return bytes(chunks)

    async def start(self, status: int, content_type: bytes, length: int | None = None) -> None:
        """Sends status and headers."""
        headers = [(b"content-type", content_type), *self.headers]
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, data: bytes, *, more: bool = True) -> None:
        """Sends a piece of the body; waits while the client does not read."""
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def answer(self, status: int, document: bytes) -> None:
        """A whole JSON answer."""
        await self.start(status, b"application/json", len(document))
        await self.write(document, more=False)

    async def departure(self) -> None:
        """Returns when the client has closed the connection. Only after the body is read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def unless_left(self, work: Awaitable[None]) -> None:
        """Awaits `work`; `ClientGone` as soon as the client leaves, the work cancelled."""
        left = False
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._raise_when_gone())
                await work
                watch.cancel()
        except* ClientGone:
            left = True
        if left:
            raise ClientGone

    async def reset(self) -> None:
        """Has the client see `connection reset by peer`; returns when it is done."""
        await self._send({"type": "penstock.reset"})  # an extension of our own server
        await self.departure()

    async def _raise_when_gone(self) -> None:
        await self.departure()
        raise ClientGone

    async def _more(self) -> Message:
        try:
            async with asyncio.timeout(_BODY_TIMEOUT_S):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow("The request body did not arrive in time.") from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        return message

    @staticmethod
    def _within(data: bytes, limit: int) -> bytes:
        if len(data) > limit:
            raise too_large(limit)
        return data
