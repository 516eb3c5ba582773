"""One HTTP/1.1 connection to a provider; it runs one exchange at a time.

Owns framing (length, chunks, until close), the limit of bytes that are not content, and the
decision whether the connection can be reused.
"""

import asyncio
import select
from collections.abc import Callable
from typing import Final, cast

import httptools

from penstock.infra.egress.exchange import UpstreamExchange, UpstreamTimeLimits
from penstock.kernel.errors import UpstreamFailed
from penstock.spi.http import BodyFile

# Bytes that may arrive without a byte of content between them: status line, interim answers and
# headers; chunk sizes and their extensions; trailers.
MAX_OVERHEAD_BYTES: Final = 64 * 1024
FILE_PIECE_BYTES: Final = 64 * 1024  # of a body on disk that are read at once
JOINED_BYTES: Final = 64 * 1024  # a smaller body is written together with its head
RETRY_AFTER_S: Final = 1  # after the provider closed the connection: the next one is new


class ConnectionLost(UpstreamFailed):
    """The connection was closed after the request was written and before the first byte of an
    answer. It is unknown whether the provider has read the request, so it is not sent again."""

    default_code = "upstream_connection_lost"


class UpstreamConnection(asyncio.BufferedProtocol):
    """A connection of the pool. It calls `released` when it is ready for the next request.

    All connections of a client share one receive buffer, because bytes are parsed at once.
    """

    def __init__(
        self, buffer: memoryview, released: Callable[["UpstreamConnection"], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._buffer = buffer
        self._released = released
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._hang_up_poll = select.poll()
        self._exchange: UpstreamExchange | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._overhead = 0  # bytes since the last byte of content
        self._answered = False  # the first byte of the answer has arrived
        self._framed = False  # the end of the body does not depend on the end of the connection
        self._parse_error = ""  # the error that was found while parsing
        self._reusable = False
        self._sending = False  # a part of the body is not written
        self._writable: asyncio.Future[None] | None = None  # while the peer does not read
        self.idle_since = 0.0

    @property
    def alive(self) -> bool:
        """Returns whether a request may be written. Polls the socket to detect a close early."""
        if self._transport is None or self._transport.is_closing():
            return False
        return not self._hang_up_poll.poll(0)

    def send(self, head: bytes, body: bytes, limits: UpstreamTimeLimits) -> UpstreamExchange:
        """Writes one request. The connection must be alive and idle."""
        exchange = UpstreamExchange(self._loop, self, limits)
        if self._transport is None:
            exchange.fail(_lost())
            return exchange
        self._exchange = exchange
        self._headers = exchange.headers
        self._overhead = 0
        self._answered = self._framed = self._reusable = self._sending = False
        if len(body) < JOINED_BYTES:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        return exchange

    async def send_file(self, file: BodyFile) -> None:
        """Writes the body of the request that was sent without it, as fast as the peer reads it.
        Each piece gives the answer its time again."""
        exchange, at = self._exchange, 0
        self._sending = True
        while at < file.size:
            if exchange is None or self._exchange is not exchange or self._transport is None:
                return
            try:
                piece = file.read(at, FILE_PIECE_BYTES)
            except OSError as error:
                self._break(f"The request could not be read from disk ({error.strerror}).")
                return
            self._transport.write(piece)
            at += len(piece)
            exchange.note_sent()
            if self._writable is not None:
                await self._writable
        self._sending = False

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

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._hang_up_poll.register(transport.get_extra_info("socket").fileno(), select.POLLRDHUP)

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._exchange is None:  # unexpected bytes must never be parsed as the next answer
            self.abort()
            return
        self._answered = True
        self._overhead += nbytes
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._break(self._parse_error or f"The provider's answer is not valid HTTP ({error}).")
            return
        if self._overhead > MAX_OVERHEAD_BYTES:
            self._break("The provider's answer has too many headers, trailers or empty chunks.")
        elif self._reusable:
            self._reusable = False
            self._released(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        exchange = self._exchange
        if exchange is None:
            return
        self._exchange = None
        if not self._answered:
            exchange.fail(_lost())
        elif not exchange.status or exc is not None or self._framed:
            exchange.fail(
                UpstreamFailed("The provider did not complete its answer.", code="upstream_cut")
            )
        else:
            exchange.finish()  # as in HTTP/1.0, the end of the connection is the end of the body

    # ---- httptools

    def on_message_begin(self) -> None:
        if self._exchange is None:  # bytes after a complete answer
            self._reusable = False
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        exchange = self._exchange
        if exchange is None or exchange.status:  # trailers are not used
            return
        name = name.lower()
        if name == b"transfer-encoding":
            if self._framed or value.strip().lower() != b"chunked":
                self._reject("The provider's answer has a transfer encoding that is not supported.")
            self._framed = True
        elif name == b"content-length":
            self._framed = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        exchange = self._exchange
        if exchange is None:
            return
        status = self._parser.get_status_code()
        if 200 <= status <= 599:
            exchange.begin(status)
        elif status == 101 or not 100 <= status <= 199:
            self._reject(f"The provider answered with the status {status}.")

    def on_body(self, body: bytes) -> None:
        self._overhead = 0
        exchange = self._exchange
        if exchange is None:
            return
        if not exchange.status:  # nothing is read before the headers: the socket would stay paused
            self._reject("The provider sent an interim answer (1xx) with content.")
        exchange.feed(body)

    def on_message_complete(self) -> None:
        exchange = self._exchange
        if exchange is None:
            return
        if not exchange.status:  # an interim answer (1xx); the final one follows
            self._headers.clear()
            self._framed = False
            return
        transport = self._transport
        self._exchange = None
        unsent = transport is None or transport.get_write_buffer_size() > 0 or self._sending
        self._reusable = not unsent and self._parser.should_keep_alive()
        exchange.finish()
        if not self._reusable:
            self.abort()

    def _reject(self, message: str) -> None:
        """Stops the parser; the exception reaches `buffer_updated` as an error of the parser."""
        self._parse_error = message
        raise UpstreamFailed(message)

    def _break(self, message: str) -> None:
        if self._exchange is not None:
            self._exchange.fail(UpstreamFailed(message, code="upstream_malformed"))
            self._exchange = None
        self._reusable = False
        self.abort()


def _lost() -> ConnectionLost:
    return ConnectionLost(
        "The provider closed the connection before it answered.",
        hint="The request was not sent again, because the provider may have read it.",
        retry_after_s=RETRY_AFTER_S,
    )
