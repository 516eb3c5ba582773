"""One connection: parses requests and runs them one at a time; later ones stay buffered."""

import asyncio
import socket
import struct
from typing import Final, cast

from penstock.infra.http_server.asgi import RESET, Scope
from penstock.infra.http_server.body import body_of
from penstock.infra.http_server.exchange import RequestExchange
from penstock.infra.http_server.head import HttpRequestHead, RequestRejected, find_end, parse_head
from penstock.infra.http_server.pool import Peer, Queue
from penstock.infra.http_server.response import plain
from penstock.infra.http_server.server_state import ServerState
from penstock.infra.http_server.waiters import Waiters

# The scope of a request, to be completed: copying it takes half the time of making one.
_SCOPE: Final[Scope] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.3"},  # 2.4 would let `send` raise OSError
    "http_version": "1.1",
    "server": None,
    "client": None,
    "scheme": "",
    "method": "",
    "root_path": "",
    "path": "",
    "raw_path": b"",
    "query_string": b"",
    "headers": [],
    "extensions": {RESET: {}},
}
_NO_LINGER: Final = struct.pack("ii", 1, 0)
_RETRY_AFTER_S: Final = 1


class HttpConnection(asyncio.Protocol):
    """Implements `PooledConnection` for the pool and `ExchangeTransport` for the exchange."""

    _transport: asyncio.Transport

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._exchange: RequestExchange | None = None
        self._pending = b""
        self._scanned = 0  # bytes of `_pending` without the end of a head
        self._received_at = 0.0
        self._discarded = 0
        self._discarding = False  # the last response is sent; further bytes are discarded
        self._closing = False
        self._half_closed = False
        self._read_paused = False
        self._drain_waiters = Waiters()
        self.waiters = Waiters()
        self.write_paused = False
        self.address = ""
        self.peer: Peer | None = None
        self.queue: Queue | None = None
        self.reserve = False

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._state.handshakes.pop(self, None)
        self._client = _place(transport.get_extra_info("peername"))
        self._server = _place(transport.get_extra_info("sockname"))
        self.address = self._client[0] if self._client else ""
        forwarded = self._state.forwarded
        self._forwarded = forwarded if forwarded and forwarded.trusts(self.address) else None
        if not self._state.pool.admit(self):
            self._state.stats.refused_count += 1
            self._abort()
            return
        self._transport.set_write_buffer_limits(self._state.limits.write_buffer_bytes)

    def data_received(self, data: bytes) -> None:
        if self._discarding:
            self._discarded += len(data)
            if self._discarded > self._state.limits.linger_bytes:
                self._abort()
            return
        self._received_at = self._state.loop.time()
        self._pending = self._pending + data if self._pending else data
        self._advance()

    def eof_received(self) -> bool:
        """Returns whether the connection stays open for the pending response."""
        exchange = self._exchange
        if self._discarding or self._closing or (exchange is None and not self._pending):
            return False
        whole = exchange is None or exchange.body.done
        if whole and self._state.loop.time() - self._received_at <= self._state.limits.half_close_s:
            self._half_closed = True
            if exchange is None and not self.write_paused:
                self._close()  # an incomplete head
            return True
        self._abort()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._closing = True
        self._state.pool.remove(self)
        self._pending = b""
        self.write_paused = False
        self._drain_waiters.wake()
        self._disconnect()

    def pause_writing(self) -> None:
        self.write_paused = True
        if not self._discarding:
            self._state.pool.enter(self, self._state.pool.writing)

    def resume_writing(self) -> None:
        self.write_paused = False
        self._drain_waiters.wake()
        if self._closing or self._discarding:
            return
        pool, exchange = self._state.pool, self._exchange
        if exchange is None:
            pool.enter(self, pool.idle)
            self._advance()
        elif exchange.body.done:
            pool.leave(self)
        else:
            pool.enter(self, pool.lingering if exchange.complete else pool.body)

    # ---- for the pool

    def expire(self, queue: Queue) -> None:
        pool = self._state.pool
        if queue is not pool.idle and queue is not pool.lingering:
            self._state.stats.timed_out_count += 1
        unanswered = self._exchange is None or not self._exchange.begun
        late = queue is pool.body or (queue is pool.head and self._pending)
        if late and unanswered:
            self._disconnect()
            self._write_plain(408, "The request did not arrive in time.")
            self._close()
        elif queue is pool.writing or queue is pool.body:
            self.reset()
        else:
            self._abort()

    def evict(self) -> None:
        self._state.pool.remove(self)
        self._abort()

    # ---- for the exchange

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    async def drained(self) -> None:
        """Returns once the write buffer has space or the client has disconnected."""
        while self.write_paused:
            await self._drain_waiters.wait()

    def date(self) -> bytes:
        return self._state.date

    def must_close(self, exchange: RequestExchange) -> bool:
        """Returns whether the response that starts now is the last one of the connection."""
        state = self._state
        if not exchange.head.keep_alive or state.stopping or state.retiring or self.reserve:
            return True
        if self._half_closed and not self._pending:
            return True
        if exchange.body.done:
            return False
        return (
            not exchange.continued or (exchange.body.left() or 0) > self._state.limits.unread_bytes
        )

    def app_reads(self) -> None:
        """Handles that the app has received all buffered bytes of the body."""
        if self._read_paused:
            self._regulate()

    def finished(self, exchange: RequestExchange) -> None:
        """Handles the end of a response that was passed to the transport."""
        if not exchange.body.done:
            if exchange.close:
                self._linger()
            else:
                self._discarded = 0
                self._state.pool.enter(self, self._state.pool.lingering)
                self._regulate()
        elif exchange.close:
            self._end()
        else:
            self._next()
            if self._pending or self._read_paused:
                self._advance()

    def returned(self, exchange: RequestExchange) -> None:
        """Handles the end of the app. Without a complete response: sends 500 if it is not begun,
        else closes the connection."""
        del self._state.tasks[exchange]
        if exchange.complete or self._exchange is not exchange or self._closing:
            return
        if not exchange.begun:
            self._reject(RequestRejected(500, "The server failed to process the request."))
        elif self.write_paused or exchange.until_close():
            self.reset()
        else:
            self._disconnect()
            self._close()

    def reset(self) -> None:
        """Closes the connection with RST."""
        sock = self._transport.get_extra_info("socket")
        if sock is not None and not self._transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._abort()

    # ---- from bytes to requests

    def _advance(self) -> None:
        """Processes the buffered bytes as far as possible."""
        try:
            while self._pending and not self._discarding and not self._closing:
                exchange = self._exchange
                if exchange is None:
                    if self.write_paused or not self._begin():
                        break
                elif exchange.body.done:
                    break
                else:
                    self._feed(exchange)
        except RequestRejected as error:
            self._reject(error)
        self._regulate()

    def _begin(self) -> bool:
        """Starts a request. Returns `False` while its head is incomplete."""
        limits, pool = self._state.limits, self._state.pool
        data = self._pending
        end = find_end(data, self._scanned, limits)
        if end < 0:
            self._scanned = len(data)
            if self._half_closed:
                self._close()
            elif self.queue is None or self.queue is pool.idle:
                pool.enter(self, pool.head)
            return False
        head = parse_head(data[: end + 2], limits)
        self._pending = data[end + 4 :]
        self._scanned = 0
        self._start(head)
        return True

    def _start(self, head: HttpRequestHead) -> None:
        state = self._state
        full = len(state.tasks) >= state.limits.max_requests
        if head.path not in state.exempt and (
            self.reserve or (full and not state.pool.end_oldest_body())
        ):
            raise RequestRejected(503, "The server is at its limit of concurrent requests.")
        exchange = RequestExchange(
            self, head, body_of(head.length, state.limits), self._scope(head)
        )
        self._exchange = exchange
        if 0 <= head.length <= len(self._pending):
            state.pool.leave(self)
        else:
            state.pool.enter(self, state.pool.body)
        # a name: making one of its number takes a sixth of the time
        task = asyncio.Task(exchange.run(state.app), loop=state.loop, name="request")
        state.tasks[exchange] = task

    def _scope(self, head: HttpRequestHead) -> Scope:
        scope = _SCOPE.copy()
        scope["server"] = self._server
        scope["client"] = self._client
        scope["scheme"] = self._state.scheme
        scope["method"] = head.method
        scope["path"] = head.path
        scope["raw_path"] = head.raw_path
        scope["query_string"] = head.query
        scope["headers"] = head.headers
        if not head.minor_version:
            scope["http_version"] = "1.0"
        if self._forwarded is not None and self._client is not None:
            scope["client"] = self._forwarded.client_of(head.headers, self._client)
        return scope

    def _feed(self, exchange: RequestExchange) -> None:
        piece, used = exchange.body.feed(self._pending)
        self._pending = self._pending[used:]
        exchange.feed(piece)
        if exchange.complete:
            self._discarded += used
            if exchange.body.done:
                self._next()
            elif self._discarded > self._state.limits.unread_bytes:
                self._linger()
        elif exchange.body.done and not self.write_paused:
            self._state.pool.leave(self)

    def _next(self) -> None:
        """Waits for the next request."""
        self._exchange = None
        if self._state.stopping or (self._half_closed and not self._pending):
            self._end()
        elif not self.write_paused:
            self._state.pool.enter(self, self._state.pool.idle)

    def _regulate(self) -> None:
        """Pauses reading while too many bytes are buffered, and resumes it."""
        exchange = self._exchange
        waiting = len(self._pending) + (exchange.size if exchange else 0)
        much = waiting > self._state.limits.ahead_bytes and not self._discarding
        held = exchange is not None or self.write_paused
        if (much and held) != self._read_paused and not self._transport.is_closing():
            self._read_paused = not self._read_paused
            if self._read_paused:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    # ---- ends

    def _reject(self, error: RequestRejected) -> None:
        """Sends the error if no response was started, and closes."""
        match error.status:
            case 503:
                self._state.stats.refused_count += 1
            case 500:
                pass
            case _:
                self._state.stats.bad_request_count += 1
        answered = self._exchange is not None and self._exchange.begun
        self._disconnect()
        if answered:
            self._close()
        else:
            self._write_plain(error.status, error.reason)
            self._linger()

    def _write_plain(self, status: int, reason: str) -> None:
        again = _RETRY_AFTER_S if status == 503 else 0
        self.write(plain(status, reason, self._state.date, retry_after_s=again))

    def _disconnect(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.disconnect()

    def _end(self) -> None:
        """Closes after the last response. Unread bytes would make the kernel send RST, and the
        client would lose the response: so they are read and discarded first."""
        if self._pending or self._read_paused:
            self._linger()
        else:
            self._close()

    def _linger(self) -> None:
        """Half-closes, and discards incoming bytes for a while."""
        self._exchange = None
        self._pending = b""
        self._discarding, self._discarded = True, 0
        if self._half_closed or self._transport.is_closing():
            self._close()
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        pool = self._state.pool
        pool.enter(self, pool.reserve if self.reserve else pool.lingering)
        self._regulate()

    def _close(self) -> None:
        """Closes once the client has read all that was written, or at the timeout."""
        self._closing = True
        self._state.pool.enter(self, self._state.pool.writing)
        self._transport.close()

    def _abort(self) -> None:
        self._closing = True
        self._disconnect()
        self._transport.abort()


def _place(name: object) -> tuple[str, int] | None:
    """Returns address and port; `None` for a socket without."""
    if isinstance(name, tuple) and len(cast("tuple[object, ...]", name)) >= 2:
        return cast("tuple[str, int]", name[:2])
    return None
