"""One HTTP/1.1 connection: bytes to and from the socket, one exchange at a time.

Owns framing (length, chunks, until close), the bounds of what is not content, and whether the
connection can be used again.
"""

import asyncio
import select
from collections.abc import Callable
from typing import Final, cast

import httptools

from penstock.infra.egress.exchange import UpstreamExchange, UpstreamTimeLimits
from penstock.kernel.errors import UpstreamFailed

# Bytes that may come without one byte of content between them: status line, interim answers and
# headers; chunk sizes and their extensions; trailers.
MAX_OVERHEAD_BYTES: Final = 64 * 1024
JOINED_BYTES: Final = 64 * 1024  # a smaller body is written together with its head
RETRY_AFTER_S: Final = 1  # told to callers whose provider hung up: the next connection is fresh


class ConnectionLost(UpstreamFailed):
    """The connection ended after the request was written and before a byte of an answer came.

    Nobody knows whether the provider has read the request, so it is not sent again here.
    """

    default_code = "upstream_connection_lost"


class UpstreamConnection(asyncio.BufferedProtocol):
    """A connection of the pool. `released` is called when it can take the next request.

    All connections of a client share one receive buffer: what is read is parsed at once.
    """

    def __init__(
        self, buffer: memoryview, released: Callable[["UpstreamConnection"], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._buffer = buffer
        self._released = released
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._hung_up = select.poll()
        self._exchange: UpstreamExchange | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._overhead = 0  # bytes since the last byte of content
        self._answered = False  # a byte of the answer has come
        self._framed = False  # something else than the end of the connection tells the body's end
        self._wrong = ""  # what is wrong with the answer, found while it was parsed
        self._reusable = False
        self.idle_since = 0.0

    @property
    def alive(self) -> bool:
        """Whether a request may be written: asks the kernel too, which knows of a hang-up first."""
        if self._transport is None or self._transport.is_closing():
            return False
        return not self._hung_up.poll(0)

    def send(self, head: bytes, body: bytes, limits: UpstreamTimeLimits) -> UpstreamExchange:
        """Write one request. The connection must be alive and idle."""
        exchange = UpstreamExchange(self._loop, self, limits)
        if self._transport is None:
            exchange.fail(_lost())
            return exchange
        self._exchange = exchange
        self._headers = exchange.headers
        self._overhead = 0
        self._answered = self._framed = self._reusable = False
        if len(body) < JOINED_BYTES:
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
        self._hung_up.register(transport.get_extra_info("socket").fileno(), select.POLLRDHUP)

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._exchange is None:  # nobody has asked: never to be taken for the next answer
            self.abort()
            return
        self._answered = True
        self._overhead += nbytes
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._break(self._wrong or f"The provider's answer is not valid HTTP ({error}).")
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
            exchange.fail(UpstreamFailed("The provider cut its answer off.", code="upstream_cut"))
        else:
            exchange.finish()  # HTTP/1.0 style: the end of the connection is the end of the body

    # ---- httptools

    def on_message_begin(self) -> None:
        if self._exchange is None:  # behind a complete answer
            self._reusable = False
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        exchange = self._exchange
        if exchange is None or exchange.status:  # trailers say nothing that we need
            return
        name = name.lower()
        if name == b"transfer-encoding":
            if self._framed or value.strip().lower() != b"chunked":
                self._refuse(
                    "The provider's answer has a transfer encoding that was not asked for."
                )
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
            self._refuse(f"The provider answered with the status {status}.")

    def on_body(self, body: bytes) -> None:
        self._overhead = 0
        exchange = self._exchange
        if exchange is None:
            return
        if not exchange.status:  # nobody reads before the head: the socket would stay paused
            self._refuse("The provider sent an interim answer (1xx) with content.")
        exchange.feed(body)

    def on_message_complete(self) -> None:
        exchange = self._exchange
        if exchange is None:
            return
        if not exchange.status:  # an interim answer (1xx): the real one follows
            self._headers.clear()
            self._framed = False
            return
        transport = self._transport
        self._exchange = None
        unsent = transport is None or transport.get_write_buffer_size() > 0
        self._reusable = not unsent and self._parser.should_keep_alive()
        exchange.finish()
        if not self._reusable:
            self.abort()

    def _refuse(self, message: str) -> None:
        """Ends the parsing; what is raised here reaches `buffer_updated` as the parser's error."""
        self._wrong = message
        raise UpstreamFailed(message)

    def _break(self, message: str) -> None:
        if self._exchange is not None:
            self._exchange.fail(UpstreamFailed(message, code="upstream_malformed"))
            self._exchange = None
        self._reusable = False
        self.abort()


def _lost() -> ConnectionLost:
    return ConnectionLost(
        "The provider hung up before it answered.",
        hint="The request was not sent again, because the provider may have read it.",
        retry_after_s=RETRY_AFTER_S,
    )
