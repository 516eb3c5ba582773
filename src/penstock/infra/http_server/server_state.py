"""The state that all connections of a server share."""

import asyncio
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from weakref import WeakKeyDictionary

from penstock.infra.http_server.asgi import App
from penstock.infra.http_server.exchange import RequestExchange
from penstock.infra.http_server.forwarded import ForwardedHeader
from penstock.infra.http_server.limits import HttpLimits
from penstock.infra.http_server.pool import Pool
from penstock.infra.http_server.stats import HttpStats


@dataclass(slots=True)
class ServerState:
    """`exempt`: paths that are served at every limit. `tasks`: the requests in progress, which a
    stop waits for. `retiring`: each connection gets one more response. `date`: the Date header, at
    most one tick old. `forwarded`: the header in which trusted proxies name the client, if one is
    read. `handshakes`: when the TLS handshakes began that are not done; failed ones disappear."""

    app: App
    limits: HttpLimits
    exempt: frozenset[str]
    scheme: str
    stats: HttpStats
    pool: Pool
    loop: asyncio.AbstractEventLoop
    forwarded: ForwardedHeader | None = None
    handshakes: WeakKeyDictionary[object, float] = field(
        default_factory=WeakKeyDictionary[object, float]
    )
    retiring: bool = False
    stopping: bool = False
    date: bytes = b""
    tasks: dict[RequestExchange, asyncio.Task[None]] = field(
        default_factory=dict[RequestExchange, asyncio.Task[None]]
    )

    @property
    def busy(self) -> bool:
        """Returns whether a connection is open, or will be once its TLS handshake is done."""
        if self.pool.open or self.tasks:
            return True
        since = self.loop.time() - self.limits.tls_handshake_s
        return any(begun > since for begun in self.handshakes.values())

    def tick(self) -> None:
        """Updates the date and expires connections."""
        self.date = formatdate(time.time(), usegmt=True).encode("ascii")
        self.pool.expire()
