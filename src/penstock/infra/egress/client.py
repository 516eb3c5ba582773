"""The client: pools connections per origin, opens exchanges, and applies their time limits.

Owns the path from a name to a checked address and a connection. One instance per process, passed as
an argument.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from penstock.infra.egress.addresses import resolve
from penstock.infra.egress.connection import UpstreamConnection
from penstock.infra.egress.exchange import UpstreamExchange, UpstreamTimeLimits
from penstock.infra.egress.lookup import LOOKUPS_AT_ONCE, NameLookup
from penstock.infra.egress.urls import parse_url
from penstock.kernel.errors import InvalidRequest, UpstreamFailed, UpstreamTimeout
from penstock.spi.http import HttpAnswer, HttpRequest

BUFFER_BYTES: Final = 32 * 1024
TICK_S: Final = 0.1
# Seconds for which an idle connection is kept: shorter than the timeout of the peer, so that a
# request seldom meets a closed connection. Self-hosted servers, mostly without TLS (uvicorn,
# llama.cpp, Node), close after 5; the load balancers of public providers after 60 or more.
IDLE_S: Final = 55.0
IDLE_PLAIN_S: Final = 4.0
MAX_ORIGINS: Final = 1024  # cached parsed URLs

# Error codes of failures before the first byte of the request was sent.
NEVER_SENT: Final = frozenset(
    (
        "upstream_unresolved",
        "upstream_address_forbidden",
        "upstream_connect_timeout",
        "upstream_unreachable",
    )
)

Headers = tuple[tuple[bytes, bytes], ...]
Trust = Callable[[], ssl.SSLContext]
"""Returns the TLS context of a new connection."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The parts of a URL. `host` is without brackets; `authority` is the value of Host."""

    host: str
    port: int
    tls: bool
    authority: bytes
    target: bytes


def parse_origin(url: str) -> Origin:
    """Parses a URL. Raises `InvalidRequest` for anything but a plain http or https URL."""
    read = parse_url(url)
    return Origin(
        host=read.host,
        port=read.port,
        tls=read.scheme == "https",
        authority=read.authority.encode("ascii"),
        target=read.target.encode("ascii"),
    )


class Egress:
    """An HTTP/1.1 client for allowed addresses. Use it in one event loop; `close` it at the end."""

    def __init__(
        self,
        tls: ssl.SSLContext | Trust | None = None,
        *,
        max_idle: int = 256,
        max_lookups: int = LOOKUPS_AT_ONCE,
    ) -> None:
        self._tls = tls
        self._max_idle = max_idle
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._lookup = NameLookup(most=max_lookups)
        self._origins: dict[str, Origin] = {}
        self._idle: dict[tuple[str, int, bool, bool], deque[UpstreamConnection]] = {}
        self._live: set[UpstreamExchange] = set()
        self._ticker: asyncio.TimerHandle | None = None

    def origin(self, url: str) -> Origin:
        """Returns the parsed URL; cached, because the same few are used again and again."""
        found = self._origins.get(url)
        if found is None:
            if len(self._origins) >= MAX_ORIGINS:
                self._origins.clear()
            found = self._origins[url] = parse_origin(url)
        return found

    async def open(
        self,
        request: HttpRequest,
        limits: UpstreamTimeLimits,
        *,
        private_allowed: bool = False,
        extra_headers: Headers = (),
    ) -> UpstreamExchange:
        """Sends `request`. Returns once the response headers have arrived.

        Raises `UpstreamFailed`, `UpstreamTimeout`, or `ConnectionLost` if the provider closed the
        connection before the first byte of its answer: a request is never sent twice. Cancelling
        closes the connection at once.
        """
        origin = self.origin(request.url)
        head = _head(request, origin, extra_headers)
        connection = self._take_idle(origin, private_allowed=private_allowed)
        if connection is None:
            connection = await self._connect(
                origin, limits.connect_s, private_allowed=private_allowed
            )
        exchange = connection.send(head, request.body, limits)
        sending = None
        if request.file is not None:
            sending = asyncio.ensure_future(connection.send_file(request.file))
        del request  # a large body is not kept while the provider works
        self._live.add(exchange)
        if self._ticker is None:
            self._ticker = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        try:
            await exchange.wait_for_headers()
        except BaseException:
            exchange.abort()
            self._live.discard(exchange)
            raise
        finally:
            if sending is not None:
                sending.cancel()
        if exchange.over:
            self._live.discard(exchange)
        return exchange

    async def __call__(
        self,
        request: HttpRequest,
        *,
        timeout_s: float,
        private_allowed: bool = False,
        max_bytes: int = 16 * 1024 * 1024,
    ) -> HttpAnswer:
        """Implements `spi.http.Fetch`."""
        limits = UpstreamTimeLimits(timeout_s, timeout_s, timeout_s, timeout_s)
        exchange = await self.open(request, limits, private_allowed=private_allowed)
        pieces: list[bytes] = []
        size = 0
        try:
            while piece := await exchange.read():
                pieces.append(piece)
                size += len(piece)
                if size > max_bytes:
                    raise UpstreamFailed(f"The answer is larger than {max_bytes} bytes.")
        finally:
            exchange.abort()
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in exchange.headers
        }
        return HttpAnswer(exchange.status, headers, b"".join(pieces))

    def close(self) -> None:
        """Closes all connections."""
        if self._ticker is not None:
            self._ticker.cancel()
        for exchange in list(self._live):
            exchange.abort()
        for pool in self._idle.values():
            for connection in pool:
                connection.abort()
        self._idle.clear()

    # ---- exchanges

    def _tick(self) -> None:
        """Checks all exchanges ten times a second, which is cheaper than a timer per call."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        ended = [exchange for exchange in self._live if exchange.over or now > exchange.deadline]
        self._live.difference_update(ended)
        for exchange in ended:
            if not exchange.over:
                exchange.expire()
        self._drop_idle(now)
        busy = self._live or self._idle
        self._ticker = loop.call_later(TICK_S, self._tick) if busy else None

    # ---- connections

    async def _connect(
        self, origin: Origin, timeout_s: float, *, private_allowed: bool
    ) -> UpstreamConnection:
        key = (origin.host, origin.port, origin.tls, private_allowed)
        try:
            async with asyncio.timeout(timeout_s):
                addresses = await resolve(
                    self._lookup, origin.host, origin.port, private_allowed=private_allowed
                )
                return await self._connect_first(origin, addresses, key)
        except TimeoutError:
            raise UpstreamTimeout(
                f"{origin.host}:{origin.port} did not accept a connection in time.",
                code="upstream_connect_timeout",
            ) from None
        except OSError as error:
            raise UpstreamFailed(
                f"{origin.host}:{origin.port} cannot be reached ({error.strerror or error}).",
                hint="Check that it runs and that the base URL is right.",
                code="upstream_unreachable",
            ) from error

    async def _connect_first(
        self, origin: Origin, addresses: list[str], key: tuple[str, int, bool, bool]
    ) -> UpstreamConnection:
        """Connects to the first address that accepts; SNI and certificate check use the name."""
        loop = asyncio.get_running_loop()
        failure = OSError("no address")
        for address in addresses:
            try:
                _, connection = await loop.create_connection(
                    lambda: UpstreamConnection(self._buffer, lambda c: self._release(key, c)),
                    address,
                    origin.port,
                    ssl=self._tls_context() if origin.tls else None,
                    server_hostname=origin.host if origin.tls else None,
                )
            except OSError as error:
                failure = error
            else:
                return connection
        raise failure

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls if isinstance(self._tls, ssl.SSLContext) else self._tls()

    def _take_idle(self, origin: Origin, *, private_allowed: bool) -> UpstreamConnection | None:
        pool = self._idle.get((origin.host, origin.port, origin.tls, private_allowed))
        while pool:
            connection = pool.pop()
            if connection.alive:
                return connection
            connection.abort()
        return None

    def _release(self, key: tuple[str, int, bool, bool], connection: UpstreamConnection) -> None:
        pool = self._idle.get(key)
        if pool is None:
            pool = self._idle[key] = deque()
        if len(pool) >= self._max_idle:
            connection.abort()
            return
        connection.idle_since = asyncio.get_running_loop().time()
        pool.append(connection)

    def _drop_idle(self, now: float) -> None:
        for key, pool in list(self._idle.items()):
            before = now - (IDLE_S if key[2] else IDLE_PLAIN_S)
            while pool and (pool[0].idle_since < before or not pool[0].alive):
                pool.popleft().abort()
            if not pool:
                del self._idle[key]


_HEADER_LINE: Final = b"%b: %b\r\n".__mod__


def _head(request: HttpRequest, origin: Origin, extra_headers: Headers) -> bytes:
    """Returns request line and headers. Raises `InvalidRequest` if a value has a line break."""
    headers = request.headers + extra_headers
    lines = b"".join(map(_HEADER_LINE, headers))
    count = len(headers)
    if lines.count(b"\n") != count or lines.count(b"\r") != count or lines.find(b"\0") >= 0:
        raise InvalidRequest("A header for the provider contains a line break.")
    start = (request.method.encode("ascii"), origin.target, origin.authority)
    length = len(request.body) if request.file is None else request.file.size
    if not length and request.method in ("GET", "HEAD"):
        return b"%b %b HTTP/1.1\r\nhost: %b\r\n%b\r\n" % (*start, lines)
    return b"%b %b HTTP/1.1\r\nhost: %b\r\n%bcontent-length: %d\r\n\r\n" % (*start, lines, length)
