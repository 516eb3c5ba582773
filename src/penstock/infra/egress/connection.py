"""One HTTP/1.1 connection: bytes to and from the socket, one exchange at a time.

Owns framing (length, chunks, until close) and whether the connection can be used again.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

import httptools

from penstock.infra.egress.exchange import Exchange, Limits
from penstock.kernel.errors import UpstreamFailed

MAX_HEAD_BYTES: Final = 64 * 1024


class StaleConnection(UpstreamFailed):
    """A kept-alive connection turned out to be dead before any byte of an answer came."""


class Connection(asyncio.BufferedProtocol):
    """A connection of the pool. `released` is called when it can take the next request.

    All connections of a client share one receive buffer: what is read is parsed at once.
    """

    def __init__(self, buffer: memoryview, released: Callable[["Connection"], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._buffer = buffer
        self._released = released
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._used = False
        self._received = 0
        self._reusable = False
        self.idle_since = 0.0

    @property
    def alive(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, head: bytes, body: bytes, limits: Limits) -> Exchange:
        """Write one request. The connection must be alive and idle."""
        if self._transport is None:
            raise StaleConnection("The connection to the provider was lost.")
        exchange = Exchange(self._loop, self, limits)
        self._exchange = exchange
        self._headers = exchange.headers
        self._received = 0
        self._reusable = False
        if len(body) < MAX_HEAD_BYTES:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        return exchange

    def pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # ---- asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._received += nbytes
        if self._received > MAX_HEAD_BYTES and self._exchange and not self._exchange.status:
            self._break("The head of the provider's answer is too large.")
            return
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except httptools.HttpParserError as error:
            self._break(f"The provider's answer is not valid HTTP ({error}).")
            return
        if self._reusable:
            self._reusable = False
            self._released(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        exchange = self._exchange
        if exchange is None:
            return
        self._exchange = None
        if not exchange.status:
            stale = self._used and not self._received
            kind = StaleConnection if stale else UpstreamFailed
            exchange.fail(kind("The provider hung up before it answered."))
        elif exc is not None or _is_framed(self._headers):
            exchange.fail(UpstreamFailed("The provider cut its answer off.", code="upstream_cut"))
        else:
            exchange.finish()  # HTTP/1.0 style: the end of the connection is the end of the body

    # ---- httptools

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._exchange is None:
            raise UpstreamFailed("The provider sent an answer that nobody asked for.")
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._exchange is None:
            raise UpstreamFailed("The provider sent an answer that nobody asked for.")
        if status >= 200:
            self._exchange.begin(status)

    def on_body(self, body: bytes) -> None:
        if self._exchange is not None:
            self._exchange.feed(body)

    def on_message_complete(self) -> None:
        exchange = self._exchange
        if exchange is None:
            return
        if not exchange.status:  # an interim answer (1xx): the real one follows
            self._headers.clear()
            return
        transport = self._transport
        self._exchange = None
        self._used = True
        unsent = transport is None or transport.get_write_buffer_size() > 0
        self._reusable = not unsent and self._parser.should_keep_alive()
        exchange.finish()
        if not self._reusable:
            self.abort()

    def _break(self, message: str) -> None:
        if self._exchange is not None:
            self._exchange.fail(UpstreamFailed(message, code="upstream_malformed"))
            self._exchange = None
        self.abort()


def _is_framed(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the end of the body is told by something else than the end of the connection."""
    return any(
        name == b"content-length" or (name == b"transfer-encoding" and b"chunked" in value.lower())
        for name, value in headers
    )
