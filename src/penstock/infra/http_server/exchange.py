"""One request and its response: `receive` and `send` of ASGI."""

import logging
from typing import Final, Protocol

from penstock.infra.http_server.asgi import RESET, App, Headers, Message, Scope
from penstock.infra.http_server.body import BodyReader
from penstock.infra.http_server.head import HttpRequestHead
from penstock.infra.http_server.response import (
    CHUNKED,
    CLOSE,
    LENGTH,
    NONE,
    ResponseFraming,
    ResponsePlan,
    frame,
    read_headers,
    render,
)
from penstock.infra.http_server.waiters import Waiters

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_JOIN_BYTES: Final = (
    64 * 1024
)  # smaller pieces are joined with the bytes before them into one write
_LAST_CHUNK: Final = b"0\r\n\r\n"

_log: Final = logging.getLogger("penstock.http")


class ExchangeTransport(Protocol):
    """The interface of a connection that an exchange uses. `waiters`: tasks that wait for a part of
    a request or the end of its exchange."""

    write_paused: bool
    waiters: Waiters

    def write(self, data: bytes) -> None: ...
    async def drained(self) -> None: ...
    def date(self) -> bytes: ...
    def must_close(self, exchange: "RequestExchange") -> bool: ...
    def app_reads(self) -> None: ...
    def finished(self, exchange: "RequestExchange") -> None: ...
    def returned(self, exchange: "RequestExchange") -> None: ...
    def reset(self) -> None: ...


class RequestExchange:
    """`disconnected`: by the client. `begun` and `complete`: a part of the response, or all
    of it, was passed to the connection."""

    __slots__ = (
        "_arrived",
        "_end_delivered",
        "_left",
        "_plan",
        "_status",
        "_transport",
        "_waiters",
        "begun",
        "body",
        "close",
        "complete",
        "continued",
        "disconnected",
        "head",
        "scope",
        "size",
    )

    def __init__(
        self, transport: ExchangeTransport, head: HttpRequestHead, body: BodyReader, scope: Scope
    ) -> None:
        self._transport = transport
        self._arrived: list[bytes] = []
        self._end_delivered = False
        self._waiters = transport.waiters
        self._plan: ResponsePlan | None = None
        self._status = 0
        self._left = 0
        self.head = head
        self.body = body
        self.scope = scope
        self.size = 0  # bytes of the body that the app has not received
        self.begun = False
        self.complete = False
        self.disconnected = False
        self.close = False  # the connection is closed after the response
        self.continued = not head.expects_continue

    async def run(self, app: App) -> None:
        """Runs the app; ends the exchange if the app did not."""
        try:
            await app(self.scope, self.receive, self.send)
        except Exception:  # noqa: BLE001 - the edge: an error of the app must not reach the loop
            _log.exception("The application failed on a %s request.", self.head.method)
        finally:
            self._transport.returned(self)

    # ---- from the connection

    def feed(self, piece: bytes) -> None:
        """Receives a piece of the body, or its end."""
        self.continued = True
        if self.complete:
            return
        if piece:
            self._arrived.append(piece)
            self.size += len(piece)
        if piece or self.body.done:
            self._waiters.wake()

    def disconnect(self) -> None:
        """Ends the exchange, because the client has disconnected."""
        self.disconnected = True
        self._arrived.clear()
        self.size = 0
        self._waiters.wake()

    # ---- ASGI

    async def receive(self) -> Message:
        """Returns the next piece of the body; after its end, waits for the end of the exchange."""
        while not (self.disconnected or self.complete):
            if self._arrived or (self.body.done and not self._end_delivered):
                return self._take()
            if not self.continued:
                self.continued = True
                self._transport.write(_CONTINUE)
            await self._waiters.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Sends a part of the response; waits while the write buffer is full.

        Raises `RuntimeError` if the app breaks the order of messages or its content-length. Does
        nothing once the client has disconnected.
        """
        if self.disconnected:
            return
        match message["type"]:
            case "http.response.start":
                self._start(message)
            case "http.response.body":
                more = bool(message.get("more_body", False))
                body: bytes = message.get("body", b"")
                self._send_body(body, more=more)
                if more and self._transport.write_paused:
                    await self._transport.drained()
            case str(kind) if kind == RESET:
                self._transport.reset()
            case kind:
                raise RuntimeError(f"The app sent a message of the type {kind!r}.")

    def _take(self) -> Message:
        pieces = self._arrived
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self.size = 0
        done = self.body.done
        self._end_delivered = done
        self._transport.app_reads()  # also at the end: a connection that is not read cannot be lost
        return {"type": "http.request", "body": body, "more_body": not done}

    def _start(self, message: Message) -> None:
        if self._plan is not None:
            raise RuntimeError("The app started its response twice.")
        self._status = int(message["status"])
        if not 200 <= self._status <= 999:
            raise RuntimeError(f"The app responded with status {self._status}.")
        headers: Headers = message.get("headers", [])
        self._plan = read_headers(headers)

    def _send_body(self, body: bytes, *, more: bool) -> None:
        if self._plan is None or self.complete:
            raise RuntimeError(
                "The app sent a body before the start or after the end of its response."
            )
        head = b"" if self.begun else self._open(self._plan, None if more else len(body))
        self._write(self._plan.framing, head, body, more=more)
        self.begun = True
        if not more:
            self.complete = True
            self._arrived.clear()
            self.size = 0
            self._waiters.wake()
            self._transport.finished(self)

    def _open(self, plan: ResponsePlan, whole: int | None) -> bytes:
        minor = self.head.minor_version
        frame(plan, status=self._status, method=self.head.method, minor_version=minor, whole=whole)
        plan.close = plan.close or self._transport.must_close(self)
        self.close = plan.close
        self._left = plan.length or 0
        return render(plan, status=self._status, minor_version=minor, date=self._transport.date())

    def _write(self, framing: ResponseFraming, head: bytes, body: bytes, *, more: bool) -> None:
        if framing is LENGTH:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("The app sent more or less than its content-length.")
        elif framing is CHUNKED:
            if body:
                head += b"%x\r\n" % len(body)
                body += b"\r\n" if more else b"\r\n" + _LAST_CHUNK
            elif not more:
                body = _LAST_CHUNK
        elif framing is NONE:
            body = b""
        if len(body) <= _JOIN_BYTES:
            if head or body:
                self._transport.write(head + body if head else body)
        else:
            self._transport.write(head)
            self._transport.write(body)

    def until_close(self) -> bool:
        """Returns whether the end of the connection is the end of the body."""
        return self._plan is not None and self._plan.framing is CLOSE
