"""Start, tick and stop of a server."""

import asyncio
import contextlib
import socket
import ssl
from typing import Final

from penstock.infra.http_server.asgi import App
from penstock.infra.http_server.connection import HttpConnection
from penstock.infra.http_server.forwarded import ForwardedHeader
from penstock.infra.http_server.limits import HttpLimits
from penstock.infra.http_server.pool import Pool
from penstock.infra.http_server.server_state import ServerState
from penstock.infra.http_server.stats import HttpStats
from penstock.infra.listening import bound_socket
from penstock.infra.process import raise_open_files

TICK_S: Final = 0.25
RETIRED_IDLE_S: Final = 2.0  # of a connection, once another process has taken over


class HttpServer:
    """Serves an ASGI app at one address. `exempt`: paths that are served at every limit. With port
    0 it chooses a free port; see `port`. `sock`: a bound socket to listen with."""

    def __init__(
        self,
        app: App,
        host: str,
        port: int,
        *,
        limits: HttpLimits | None = None,
        exempt: frozenset[str] = frozenset(),
        stats: HttpStats | None = None,
        tls: ssl.SSLContext | None = None,
        share_port: bool = False,
        sock: socket.socket | None = None,
    ) -> None:
        self._app = app
        self._address = (host, port)
        self._limits = limits or HttpLimits()
        self._exempt = exempt
        self._stats = stats or HttpStats()
        self._tls = tls
        self._share_port = share_port
        self._sock = sock
        self._state: ServerState | None = None
        self._listening: asyncio.Server | None = None
        self._stopped = asyncio.Event()
        self.port = port

    async def listen(self) -> None:
        """Starts to accept connections. Raises `OSError` if the address cannot be used."""
        await self._listen()

    async def _listen(self) -> ServerState:
        if self._state is not None:
            return self._state
        loop = asyncio.get_running_loop()
        limits = self._limits.within(raise_open_files())
        pool = Pool(limits, loop.time, self._stats)
        state = ServerState(
            self._app,
            limits,
            self._exempt,
            self._scheme(),
            self._stats,
            pool,
            loop,
            _forwarded(limits),
        )
        state.tick()
        sock = self._sock or bound_socket(*self._address, share_port=self._share_port)
        self.port = int(sock.getsockname()[1])
        self._state = state
        self._listening = await loop.create_server(
            lambda: self._connection(state),
            sock=sock,
            backlog=limits.backlog,
            ssl=self._tls,
            ssl_handshake_timeout=limits.tls_handshake_s if self._tls else None,
        )
        return state

    async def serve(self) -> None:
        """Serves until `stop` was called and all responses are sent. Listens unless `listen` was
        called.

        If it is cancelled, it drops the remaining connections.
        """
        if self._stopped.is_set():
            return
        state = await self._listen()
        try:
            while not (self._stopped.is_set() and not state.busy):
                await self._pause()
                state.tick()
        finally:
            self.stop()
            await _drop_all(state)

    def retire(self) -> None:
        """Stops accepting connections, because another process accepts them. The clients of open
        ones learn with the next response that they close; a request that is on its way is served.
        `serve` returns once all are closed."""
        self._stop_listening()
        if self._state is not None:
            self._state.retiring = True
            self._state.pool.hasten(RETIRED_IDLE_S)

    def stop(self) -> None:
        """Stops accepting connections and closes the idle ones; requests in progress continue."""
        self._stop_listening()
        if self._state is not None:
            self._state.stopping = True
            self._state.pool.close_idle()

    def _stop_listening(self) -> None:
        self._stopped.set()
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    def _connection(self, state: ServerState) -> HttpConnection:
        """Returns the protocol of an accepted connection, before its handshake if there is one."""
        connection = HttpConnection(state)
        if self._tls is not None:
            state.handshakes[connection] = state.loop.time()
        return connection

    def _scheme(self) -> str:
        return "https" if self._tls else "http"

    async def _pause(self) -> None:
        if self._stopped.is_set():
            await asyncio.sleep(TICK_S / 10)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), TICK_S)


def _forwarded(limits: HttpLimits) -> ForwardedHeader | None:
    if not limits.forwarded_header or not limits.forwarding_peers:
        return None
    return ForwardedHeader(limits.forwarded_header, limits.forwarding_peers)


async def _drop_all(state: ServerState) -> None:
    for connection in list(state.pool.open):
        connection.evict()
    tasks = list(state.tasks.values())
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=1.0)
